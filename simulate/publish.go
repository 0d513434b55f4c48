package simulate

import (
	"context"
	"errors"
	"fmt"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// Credential is how simulated devices reach a broker.
type Credential struct {
	Broker, Name, Password string
}

// Publish sends what a building's devices measure, as it happens, until ctx ends. When the broker is away the messages of
// that time are lost, as those of simple devices are.
func Publish(ctx context.Context, c Credential, b *Building) error {
	client := paho.NewClient(paho.NewClientOptions().AddBroker(c.Broker).SetClientID("simulate-" + c.Name).SetUsername(c.Name).
		SetPassword(c.Password).SetConnectRetry(true).SetConnectRetryInterval(200 * time.Millisecond).SetAutoReconnect(true).
		SetMaxReconnectInterval(2 * time.Second).SetOrderMatters(false))
	connect := client.Connect()
	defer client.Disconnect(100)
	select {
	case <-connect.Done():
	case <-ctx.Done():
		return nil
	}
	if err := connect.Error(); err != nil {
		return fmt.Errorf("connecting the simulated devices: %w", err)
	}
	for {
		wait := time.NewTimer(time.Until(b.Next()))
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-wait.C:
		}
		var err error
		b.Until(time.Now().Add(time.Millisecond), func(m Message) bool {
			t := client.Publish(m.Topic, 1, false, m.Payload)
			if t.WaitTimeout(5*time.Second) && t.Error() != nil && !errors.Is(t.Error(), paho.ErrNotConnected) {
				err = t.Error()
			}
			return err == nil && ctx.Err() == nil
		})
		if err != nil && ctx.Err() == nil && client.IsConnected() {
			return fmt.Errorf("publishing: %w", err)
		}
	}
}
