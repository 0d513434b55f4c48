package route

import "fmt"

// DeviceError is what is wrong with a configured device, as the decoder finds it when it is made.
type DeviceError struct {
	Site, Device string
	Err          error
}

// Error names the device.
func (e *DeviceError) Error() string {
	return fmt.Sprintf("site %q, device %q: %v", e.Site, e.Device, e.Err)
}

// Unwrap gives what is wrong.
func (e *DeviceError) Unwrap() error { return e.Err }
