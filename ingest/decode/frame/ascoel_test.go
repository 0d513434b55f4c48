package frame_test

var ascoelFrames = []shippedFrame{
	{name: "button", codec: "ascoel", port: 40, hex: "01 0011", want: `{"buttonPushed":1,"count":17}`},
	{name: "button, battery", codec: "ascoel", port: 8, hex: "5a", want: `{"battery":90}`},
	{name: "button, by the clock", codec: "ascoel", port: 9, hex: "5a", want: `{"battery":90}`},
	{name: "motion", codec: "ascoel", port: 20, hex: "01 0123", want: `{"batterywarn":0,"tamper":0,"intrusion":1,"counter":291}`},
	{name: "motion, by the clock, taken off the wall", codec: "ascoel", port: 9, hex: "5a 02 0123", want: `{"battery":90,"batterywarn":0,"tamper":1,"intrusion":0,"counter":291}`},
	{name: "door, open", codec: "ascoel", port: 30, hex: "01 0011 0000ac41 00003442", want: `{"batterywarn":0,"tamper":0,"intrusion":1,"counter":17,"temperature":21.5,"humidity":45}`},
	{name: "door, by the clock, battery low, below zero", codec: "ascoel", port: 9, hex: "05 04 0000a0c0 00003442", want: `{"battery":5,"batterywarn":1,"tamper":0,"intrusion":0,"temperature":-5,"humidity":45}`},
	{name: "door without climate, by the clock", codec: "ascoel", port: 9, hex: "5a 00", want: `{"battery":90,"batterywarn":0,"tamper":0,"intrusion":0}`},
	{name: "door, no number", codec: "ascoel", port: 30, hex: "00 0011 0000c07f 0000807f", want: `{"batterywarn":0,"tamper":0,"intrusion":0,"counter":17,"temperature":null,"humidity":null}`},
	{name: "what the device is", codec: "ascoel", port: 5, hex: "50423836384C5248"},
	{name: "without a port", codec: "ascoel", port: 0, hex: "01 0011", err: "port 0 is none of Ascoel"},
	{name: "more at the end", codec: "ascoel", port: 40, hex: "01 0011 00", err: "byte 3: 1 bytes are left"},
}
