package codec

var parametricFrameTests = []makerFrame{
	{name: "version 3", codec: "parametric", port: 14, hex: "be0103 0007 0005 0123 0110 5a 01f4 0142",
		want: `{"LTR":7,"RTL":5,"LTR_SUM":291,"RTL_SUM":272,"SBX_BATT":90,"SBX_PV":500,"DIFF":19,"TEMP":32}`},
	{name: "version 4", codec: "parametric", port: 14, hex: "be0104 0007 0005 0110 0123 1004 01f4 0142",
		want: `{"LTR":7,"RTL":5,"LTR_SUM":272,"RTL_SUM":291,"SBX_BATT":4100,"SBX_PV":500,"DIFF":19,"TEMP":32}`},
	{name: "version 4, frost", codec: "parametric", port: 0, hex: "be0104 0000 0000 0001 0001 0000 0000 fff1", want: `{"LTR":0,"RTL":0,"LTR_SUM":1,"RTL_SUM":1,"SBX_BATT":0,"SBX_PV":0,"DIFF":0,"TEMP":-2}`},
	{name: "version 5", codec: "parametric", port: 14, hex: "be0106a5 0007 0005 24 11", want: `{"LTR":7,"RTL":5,"SBX_BATT":3600,"DCNT":17}`},
	{name: "as Elsys", codec: "parametric", port: 14, hex: "0a 0007 16 0005 01 0142", want: `{"LTR":7,"RTL":5,"TEMP":32}`},
	{name: "as Cayenne LPP", codec: "parametric", port: 14, hex: "0066 07 0166 05 0267 0142", want: `{"LTR":7,"RTL":5,"TEMP":32}`},
	{name: "settings", codec: "parametric", port: 190, hex: "be0104 04 010203 00 01 00 00 000a 0000 0000 0000 0000 00 00 00 0000 0000 00 00 00"},
	{name: "settings of version 4 without a port", codec: "parametric", port: 0, hex: "be0104 04 010203 00 01 00 00 000a 0000 0000 0000 0000 00 00 00 0000 0000 00 00 00"},
	{name: "settings of version 2 without a port", codec: "parametric", port: 0, hex: "01 010203 00 01 00 000a 0000 0000 05"},
	{name: "settings of version 5 without a port", codec: "parametric", port: 0, hex: "be0104c5 00 00"},
	{name: "version 4, short", codec: "parametric", port: 14, hex: "be0104 0007 0005 0110", err: "byte 2: version 4 with 9 bytes"},
	{name: "an unknown item behind known ones", codec: "parametric", port: 14, hex: "0a 0007 16 0005 7f 00", want: `{"LTR":7,"RTL":5,"unread":2}`},
	{name: "an unknown item", codec: "parametric", port: 14, hex: "7f 0007 16 0005", err: "byte 0: unknown type 0x7f"},
	{name: "an unknown channel", codec: "parametric", port: 14, hex: "0066 07 0588 00", want: `{"LTR":7,"unread":3}`},
	{name: "an item twice", codec: "parametric", port: 14, hex: "0a 0007 0a 0005", err: "byte 3: type 0xa a second time"},
	{name: "a channel twice", codec: "parametric", port: 14, hex: "0066 07 0066 05", err: "byte 3: type 0x66 a second time"},
}
