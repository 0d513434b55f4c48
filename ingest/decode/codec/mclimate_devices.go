package codec

import (
	"math"

	"github.com/gerbang-iot/gerbang/ingest/decode/object"
)

// mclimateButton has pressEvent, how often the button was pressed in a row: 1 to 3, and 0 in a frame that came by the clock.
func mclimateButton(c *cursor, out *object.Writer) {
	mclimateBattery(c, out)
	c.bits(5)
	mclimateThermistor(c, "sensorTemperature", false, out)
	out.Int("pressEvent", int64(c.u8()))
}

func mclimateCO2(c *cursor, out *object.Writer) {
	out.Int("CO2", int64(c.u16())) // ppm
	mclimateClimate(c, 16, out)
	mclimateBattery(c, out)
}

func mclimateHT(c *cursor, out *object.Writer) {
	mclimateClimate(c, 16, out)
	mclimateBattery(c, out)
	c.bits(5)
	mclimateThermistor(c, "extThermistorTemperature", false, out)
}

// mclimateContact has counter, the openings and closings since the battery was put in, and status, 1 while it is open.
func mclimateContact(c *cursor, out *object.Writer) {
	mclimateBattery(c, out)
	c.bits(4)
	negative := c.flag()
	mclimateThermistor(c, "temperature", negative, out)
	out.Int("counter", int64(c.u24()))
	c.bits(7)
	out.Int("status", int64(c.bits(1)))
}

func mclimateCO2Display(c *cursor, out *object.Writer) {
	mclimateDisplay(c, "ppm", out)
	out.Flag("pir", c.u8() == 1)
}

func mclimateCO2DisplayLite(c *cursor, out *object.Writer) { mclimateDisplay(c, "CO2", out) }

// mclimateDisplay is what the two CO2 displays share; they differ in the name of the value.
func mclimateDisplay(c *cursor, co2 string, out *object.Writer) {
	mclimateClimate(c, 16, out)
	out.Number("batteryVoltage", float64(c.u16())/1000)
	low, high := c.bits(8), c.bits(5)
	out.Int(co2, int64(high<<8|low))
	out.Int("powerSourceStatus", int64(c.bits(3)))
	out.Int("lux", int64(c.u16()))
}

func mclimateHTDisplay(c *cursor, out *object.Writer) {
	mclimateClimate(c, 16, out)
	out.Int("lux", int64(c.u16()))
	out.Number("batteryVoltage", float64(c.u16())/1000)
	out.Int("powerSourceStatus", int64(c.u8()))
}

// mclimateCO2PIR has pirTriggerCount, the movements since the keep-alive before.
func mclimateCO2PIR(c *cursor, out *object.Writer) {
	c.bits(5)
	out.Flag("occupied", c.flag())
	mclimateClimate(c, 10, out)
	mclimateWideBattery(c, out)
	low, high := c.bits(8), c.bits(5)
	c.bits(3)
	out.Int("CO2", int64(high<<8|low)) // ppm
	out.Int("pirTriggerCount", int64(c.u8()))
}

func mclimateHTPIR(c *cursor, out *object.Writer) {
	c.bits(5)
	out.Flag("occupied", c.flag())
	mclimateClimate(c, 10, out)
	mclimateWideBattery(c, out)
	out.Int("pirTriggerCount", int64(c.u8()))
}

func mclimatePIRMini(c *cursor, out *object.Writer) {
	c.bits(6)
	mclimateClimate(c, 10, out)
	switch lux := c.u16(); {
	case lux == 0xFFFF:
		out.Null("lux")
		out.Text("luxStatus", "disabled")
	case lux > 0xFFFA:
		out.Null("lux")
		out.Text("luxStatus", "sensor_error")
	default:
		out.Int("lux", int64(lux))
		out.Text("luxStatus", "ok")
	}
	mclimateWideBattery(c, out)
	c.bits(7)
	out.Flag("occupied", c.flag())
	out.Int("pirTriggerCount", int64(c.u16()))
}

// mclimateAQI has values that a gas sensor infers: CO2eq is what CO2 would go with that air, not measured. accuracy_aqi is 0
// while the sensor settles, 3 at its best.
func mclimateAQI(c *cursor, out *object.Writer) {
	out.Int("sAQI", int64(c.bits(9)*16))
	out.Int("AQI", int64(c.bits(5)*16))
	out.Int("CO2eq", int64(c.bits(10)*32))                  // ppm
	out.Int("VOC", int64(c.bits(8)*4))                      // ppm
	out.Number("relative_humidity", float64(c.bits(8))*0.4) // %
	out.Number("pressure", float64(c.bits(11)*40+30000)/100)
	out.Number("temperature", (float64(c.bits(11))-400)/10)
	out.Int("accuracy_aqi", int64(c.bits(2)))
	out.Int("voltage", int64(c.u8())*8+1600) // mV
}

// mclimateClimate reads a temperature of so many bits, in tenths above -40 °C, and a humidity of 256 steps.
func mclimateClimate(c *cursor, bits int, out *object.Writer) {
	out.Number("sensorTemperature", (float64(c.bits(bits))-400)/10)
	out.Number("relativeHumidity", math.Round(float64(c.u8())*10000/256)/100)
}

// mclimateThermistor reads a temperature in tenths behind a bit that says that the probe is broken, or not there: null.
func mclimateThermistor(c *cursor, name string, negative bool, out *object.Writer) {
	broken, v := c.flag(), float64(c.bits(10))/10
	if negative {
		v = -v
	}
	out.Flag("thermistorProperlyConnected", !broken)
	if broken {
		out.Null(name)
	} else {
		out.Number(name, v)
	}
}

func mclimateBattery(c *cursor, out *object.Writer) {
	out.Number("batteryVoltage", float64(c.u8())*0.008+1.6)
}

// mclimateWideBattery is the newer scale, 1.6 V to 3.8 V over the byte.
func mclimateWideBattery(c *cursor, out *object.Writer) {
	out.Number("batteryVoltage", math.Round(float64(c.u8())*220/255+160)/100)
}
