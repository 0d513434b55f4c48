package configs

import (
	"fmt"

	"github.com/gerbang-iot/gerbang/ingest/access"
)

// described is the credential as the doors know it, a placeholder in the place of its password.
func (c Credential) described() access.Credential {
	a := access.Credential{Name: c.Name, Password: c.Password.String(), PasswordHash: string(c.PasswordHash), Device: c.Device, Devices: c.Devices}
	switch {
	case c.Device != "":
		a.Role = access.Device
	case c.Bridge:
		a.Role = access.Bridge
	default:
		a.Role = access.Reader
		if c.Role == "reader" {
			a.Read = []string{"#"}
		}
	}
	return a
}

// Access are credentials as the doors want them, their passwords read. rate is what a device may send a second.
func Access(configured []Credential, rate float64) ([]access.Credential, error) {
	all := make([]access.Credential, 0, len(configured))
	for _, c := range configured {
		a := c.described()
		var err error
		if a.Password, err = c.Password.Reveal(); err != nil {
			return nil, fmt.Errorf("reading the password of credential %q: %w", c.Name, err)
		}
		if a.Role == access.Device {
			a.Rate = rate
		}
		all = append(all, a)
	}
	return all, nil
}
