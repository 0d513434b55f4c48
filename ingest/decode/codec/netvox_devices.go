package codec

import "github.com/gerbang-iot/gerbang/ingest/decode/object"

// netvoxLayout is how a device uses the bytes behind its battery.
type netvoxLayout uint8

const (
	netvoxContact netvoxLayout = iota
	netvoxParking
	netvoxOccupancy
	netvoxClimate
	netvoxLight
	netvoxBrightLight
	netvoxStatus
	netvoxTwoStatus
	netvoxButton
	netvoxDoorbell
	netvoxTwoButtons
	netvoxTwoKeys
	netvoxThreeKeys
	netvoxLeak
	netvoxTwoLeaks
	netvoxSeats
	netvoxSmoke
	netvoxMonoxide
	netvoxDust
	netvoxVOC
	netvoxBarometer
	netvoxPulses
	netvoxTwoPulses
	netvoxWork
	netvoxWorkTime
	netvoxProbe
	netvoxTwoProbes
	netvoxFineProbe
	netvoxDifferential
	netvoxNearness
	netvoxLaser
	netvoxLevel
	netvoxShortLevel
	netvoxAir   // several report types
	netvoxMulti // several report types
)

// netvoxDevices are the devices by the type byte of their frames.
var netvoxDevices = map[uint8]struct {
	model  string
	layout netvoxLayout
}{
	0x01: {"R711(R712)", netvoxClimate}, 0x02: {"R311A", netvoxContact}, 0x03: {"RB11E", netvoxOccupancy}, 0x04: {"R311G", netvoxLight},
	0x05: {"RA07Series", netvoxAir}, 0x06: {"R311W", netvoxTwoLeaks}, 0x07: {"RB11E1", netvoxOccupancy}, 0x09: {"R726Series", netvoxAir},
	0x0A: {"RA02A", netvoxSmoke}, 0x0B: {"R718A", netvoxClimate}, 0x0D: {"RA07**YSeries", netvoxAir}, 0x10: {"RB02I", netvoxButton},
	0x11: {"RA02C", netvoxMonoxide}, 0x12: {"R718WB", netvoxLeak}, 0x13: {"R718AB", netvoxClimate}, 0x14: {"R718B2", netvoxTwoProbes},
	0x16: {"R718CK2", netvoxTwoProbes}, 0x17: {"R718CT2", netvoxTwoProbes}, 0x1A: {"R718DA", netvoxStatus},
	0x1B: {"R718DB", netvoxStatus}, 0x1D: {"R718F", netvoxContact}, 0x1E: {"R718G", netvoxBrightLight}, 0x1F: {"R718H", netvoxPulses},
	0x21: {"R718J", netvoxStatus}, 0x25: {"R718LB", netvoxStatus}, 0x27: {"R718MBA", netvoxStatus}, 0x2B: {"R718MBB", netvoxWork},
	0x2C: {"R718MBC", netvoxWorkTime}, 0x2F: {"R718DA2", netvoxTwoStatus}, 0x31: {"R718T", netvoxButton}, 0x32: {"R718WA", netvoxLeak},
	0x34: {"R718X", netvoxLevel}, 0x35: {"RA0716", netvoxDust}, 0x36: {"R72616", netvoxDust}, 0x37: {"R72716", netvoxDust},
	0x3D: {"R718DB2", netvoxTwoStatus}, 0x3E: {"R718F2", netvoxTwoStatus}, 0x3F: {"R718H2", netvoxTwoPulses},
	0x43: {"R718J2", netvoxTwoStatus}, 0x45: {"R718LB2", netvoxTwoStatus}, 0x46: {"R718WA2", netvoxTwoLeaks}, 0x47: {"R718WB2", netvoxTwoLeaks},
	0x48: {"R718T2", netvoxTwoButtons}, 0x4B: {"R311B", netvoxLight}, 0x4C: {"R311CA", netvoxTwoStatus}, 0x4D: {"R312A", netvoxButton},
	0x4F: {"R311FA", netvoxStatus}, 0x50: {"R311FB", netvoxWork}, 0x51: {"R311FC", netvoxWorkTime},
	0x52: {"RA07Series", netvoxAir}, 0x53: {"RA07Series", netvoxAir}, 0x54: {"RA07Series", netvoxAir}, 0x55: {"R312", netvoxDoorbell},
	0x56: {"R311CB", netvoxTwoStatus}, 0x57: {"R718PA", netvoxAir}, 0x58: {"R718PB", netvoxAir}, 0x59: {"R719A", netvoxParking}, 0x5A: {"R311WA", netvoxSeats},
	0x5B: {"R718Q", netvoxStatus}, 0x5D: {"RA0716Y", netvoxDust}, 0x5E: {"R72616Y", netvoxDust}, 0x5F: {"R72716Y", netvoxDust},
	0x6A: {"R72616A", netvoxDust}, 0x6C: {"R311CC", netvoxTwoStatus}, 0x6E: {"R720A", netvoxClimate}, 0x70: {"R720C", netvoxBarometer},
	0x7D: {"R730F", netvoxContact}, 0x7E: {"R730F2", netvoxTwoStatus}, 0x82: {"R730MBA", netvoxStatus}, 0x83: {"R730MBB", netvoxWork},
	0x84: {"R730MBC", netvoxWorkTime}, 0x89: {"R730DA", netvoxStatus}, 0x8A: {"R730DA2", netvoxTwoStatus}, 0x8B: {"R730DB", netvoxStatus},
	0x8C: {"R730DB2", netvoxTwoStatus}, 0x8D: {"R730LB", netvoxStatus}, 0x8E: {"R730LB2", netvoxTwoStatus},
	0x90: {"R718CJ", netvoxProbe}, 0x91: {"R718CK", netvoxProbe}, 0x92: {"R718CT", netvoxProbe}, 0x93: {"R718CR", netvoxProbe},
	0x94: {"R718CE", netvoxProbe}, 0x95: {"R718B", netvoxProbe}, 0x97: {"R718QA", netvoxStatus}, 0x9C: {"R718AD", netvoxFineProbe},
	0x9D: {"R720D", netvoxFineProbe}, 0xA5: {"R720E", netvoxVOC},
	0xA6: {"RB02B", netvoxTwoKeys}, 0xA7: {"RB02C", netvoxThreeKeys}, 0xA8: {"R311DA", netvoxStatus}, 0xA9: {"R311DB", netvoxStatus},
	0xAA: {"R311LA", netvoxNearness}, 0xAC: {"R718Y", netvoxDifferential}, 0xB1: {"R718PE", netvoxShortLevel}, 0xB7: {"R720F", netvoxStatus},
	0xBC: {"R711A", netvoxFineProbe},
	0xD2: {"R315", netvoxMulti}, 0xDD: {"R315LA", netvoxLaser},
}

// netvoxValue is a value by the maker's name.
type netvoxValue struct {
	name  string
	write func(c *cursor, name string, out *object.Writer)
}

// netvoxLayouts are the values behind the battery.
var netvoxLayouts = map[netvoxLayout][]netvoxValue{
	netvoxContact:      {{"OnOff", netvoxByte}},
	netvoxParking:      {{"CarOnOff", netvoxByte}},
	netvoxOccupancy:    {{"Temp", netvoxHundredths}, {"Illuminance", netvoxWord}, {"Occupy", netvoxByte}, {"DisassembledAlarm", netvoxByte}},
	netvoxClimate:      {{"Temp", netvoxHundredths}, {"Humi", netvoxUnsigned(100)}},
	netvoxLight:        {{"Illuminance", netvoxWord}},
	netvoxBrightLight:  {{"Illuminance", netvoxLong}},
	netvoxStatus:       {{"status", netvoxByte}},
	netvoxTwoStatus:    {{"status1", netvoxByte}, {"status2", netvoxByte}},
	netvoxButton:       {{"Alarm", netvoxByte}},
	netvoxDoorbell:     {{"Doorbell", netvoxByte}},
	netvoxTwoButtons:   {{"Alarm1", netvoxByte}, {"Alarm2", netvoxByte}},
	netvoxTwoKeys:      {{"Key_1", netvoxByte}, {"Key_2", netvoxByte}},
	netvoxThreeKeys:    {{"Key_1", netvoxByte}, {"Key_2", netvoxByte}, {"Key_3", netvoxByte}},
	netvoxLeak:         {{"WaterLeak", netvoxEither("Leak", "NoLeak")}},
	netvoxTwoLeaks:     {{"WaterLeak_1", netvoxEither("Leak", "NoLeak")}, {"WaterLeak_2", netvoxEither("Leak", "NoLeak")}},
	netvoxSeats:        {{"Status_1", netvoxEither("ON", "OFF")}, {"Status_2", netvoxEither("ON", "OFF")}},
	netvoxSmoke:        {{"FireAlarm", netvoxEither("Alarm", "No Alarm")}, {"HighTempAlarm", netvoxEither("Alarm", "No Alarm")}, {"Temp", netvoxTenths}},
	netvoxMonoxide:     {{"COAlarm", netvoxEither("Alarm", "No Alarm")}, {"HighTempAlarm", netvoxEither("Alarm", "No Alarm")}},
	netvoxDust:         {{"Temp", netvoxHundredths}, {"Humi", netvoxUnsigned(100)}, {"PM25", netvoxWord}},
	netvoxVOC:          {{"TVOC_VOC", netvoxWord}, {"Temp", netvoxHundredths}, {"Humi", netvoxUnsigned(100)}, {"SensorUnit", netvoxEither("index", "ppb")}},
	netvoxBarometer:    {{"AirPressure", netvoxPressure}, {"Temp", netvoxHundredths}},
	netvoxPulses:       {{"PulseCount", netvoxWord}},
	netvoxTwoPulses:    {{"PulseCount1", netvoxWord}, {"PulseCount2", netvoxWord}},
	netvoxWork:         {{"WorkCount", netvoxLong}},
	netvoxWorkTime:     {{"WorkDurationTime", netvoxLong}},
	netvoxProbe:        {{"Temp", netvoxTenths}},
	netvoxTwoProbes:    {{"Temp1", netvoxTenths}, {"Temp2", netvoxTenths}},
	netvoxFineProbe:    {{"Temp", netvoxHundredths}},
	netvoxDifferential: {{"DiffPressure", netvoxTenths}, {"Temp", netvoxTenths}},
	netvoxNearness:     {{"Status", netvoxEither("ON", "OFF")}, {"RawSenseData", netvoxWord}},
	netvoxLaser:        {{"VModbusID", netvoxByte}, {"Status", netvoxEither("On", "Off")}, {"Distance", netvoxWord}},
	netvoxLevel: {{"Status", netvoxEither("ON", "OFF")}, {"Distance", netvoxWord}, {"Temp", netvoxTenths}, {"FillLevel", netvoxByte},
		{"AngleOfInclination", netvoxByte}},
	netvoxShortLevel: {{"Status", netvoxEither("ON", "OFF")}, {"Distance", netvoxWord}, {"FillLevel", netvoxByte}},
}

// netvoxAirReports are the values behind the battery by report type, for the devices that take any sensors of a list.
var netvoxAirReports = map[uint8][]netvoxValue{
	1:  {{"PM1_0", netvoxFitted(1)}, {"PM2_5", netvoxFitted(1)}, {"PM10", netvoxFitted(1)}},
	2:  {{"PM1_0", netvoxFitted(1)}, {"PM2_5", netvoxFitted(1)}, {"PM10", netvoxFitted(1)}},
	3:  {{"um0_3", netvoxFitted(1)}, {"um0_5", netvoxFitted(1)}, {"um1_0", netvoxFitted(1)}},
	4:  {{"um2_5", netvoxFitted(1)}, {"um5_0", netvoxFitted(1)}, {"um10", netvoxFitted(1)}},
	5:  {{"O3", netvoxFitted(10)}, {"CO", netvoxFitted(10)}, {"NO", netvoxFitted(10)}},
	6:  {{"NO2", netvoxFitted(10)}, {"SO2", netvoxFitted(10)}, {"H2S", netvoxFitted(10)}},
	7:  {{"CO2", netvoxFitted(10)}, {"NH3", netvoxFitted(10)}, {"Noise", netvoxFitted(10)}},
	8:  {}, // acidity, redox potential: of water
	9:  {}, // turbidity, soil
	10: {}, // soil, water level
	11: {}, // dissolved oxygen
	12: {{"Temperature", netvoxFittedHundredths}, {"Humidity", netvoxFitted(100)}, {"WindSpeed", netvoxFitted(100)}},
	13: {{"WindDirection", netvoxFitted(1)}, {"Atomsphere", netvoxFittedPressure}}, //nolint:misspell // as the maker spells it
	14: {{"VOC", netvoxFitted(10)}},
}

func netvoxByte(c *cursor, name string, out *object.Writer)   { out.Int(name, int64(c.u8())) }
func netvoxWord(c *cursor, name string, out *object.Writer)   { out.Int(name, int64(c.u16())) }
func netvoxLong(c *cursor, name string, out *object.Writer)   { out.Int(name, int64(c.u32())) }
func netvoxTenths(c *cursor, name string, out *object.Writer) { out.Number(name, float64(c.i16())/10) }

func netvoxHundredths(c *cursor, name string, out *object.Writer) {
	out.Number(name, float64(c.i16())/100)
}

// netvoxPressure is sent in Pa and written in hPa.
func netvoxPressure(c *cursor, name string, out *object.Writer) {
	out.Number(name, float64(c.u32())/100)
}

func netvoxUnsigned(divisor float64) func(*cursor, string, *object.Writer) {
	return func(c *cursor, name string, out *object.Writer) { out.Number(name, float64(c.u16())/divisor) }
}

func netvoxEither(on, off string) func(*cursor, string, *object.Writer) {
	return func(c *cursor, name string, out *object.Writer) {
		if c.u8() != 0 {
			out.Text(name, on)
		} else {
			out.Text(name, off)
		}
	}
}

// netvoxFitted is null where all bits are set: the sensor is not there.
func netvoxFitted(divisor float64) func(*cursor, string, *object.Writer) {
	return func(c *cursor, name string, out *object.Writer) {
		if v := c.u16(); v == 0xFFFF {
			out.Null(name)
		} else {
			out.Number(name, float64(v)/divisor)
		}
	}
}

func netvoxFittedHundredths(c *cursor, name string, out *object.Writer) {
	if v := c.i16(); v == -1 {
		out.Null(name)
	} else {
		out.Number(name, float64(v)/100)
	}
}

func netvoxFittedPressure(c *cursor, name string, out *object.Writer) {
	if v := c.u32(); v == 0xFFFFFFFF {
		out.Null(name)
	} else {
		out.Number(name, float64(v)/100)
	}
}
