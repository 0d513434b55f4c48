package accounts

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"
)

// StepByPasskey lets somebody in whose password was right, by a passkey. The error is ErrStep, ErrPasskey, or a *WaitError.
func (k *Keeper) StepByPasskey(ctx context.Context, step string, place Place, proof string, response []byte, a Attempt) (*Entrance, error) {
	account, err := k.stepped(step)
	if err != nil {
		return nil, err
	}
	patience, who := k.patienceOf(account, a.Device)
	now := k.now()
	if wait := patience.Wait(who, now); wait > 0 {
		k.stepRefused(ctx, account, "passkey", addressOf(a.From), now)
		return nil, &WaitError{wait}
	}
	p, err := k.passes.open(forStepKey, proof, now, StepFor)
	if err != nil || p.Account != account.ID || p.Place != place.Origin {
		return nil, ErrStep
	}
	key, err := k.keyOf(place, p, k.holderAt(account, place), response)
	if err != nil {
		patience.Failed(who, now)
		k.stepRefused(ctx, account, "passkey", addressOf(a.From), now)
		k.log.Info("a passkey was refused", "account", account.Name, "err", detail(err))
		return nil, ErrPasskey
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	if account, err = k.stepped(step); err != nil { // it may have been changed meanwhile
		return nil, err
	}
	e, err := k.byKey(ctx, account, key, a)
	if err == nil {
		patience.Succeeded(who)
	}
	return e, err
}

// LogInByPasskey lets somebody in by a passkey alone: it has verified its person, and is both factors. Guessing is of no use, so what is held up is
// the noise: by the address, or by the device where it is known. The error is ErrStep where the page lay open too long,
// ErrPasskey, or a *WaitError.
func (k *Keeper) LogInByPasskey(ctx context.Context, place Place, proof string, response []byte, a Attempt) (*Entrance, error) {
	now := k.now()
	p, err := k.passes.open(forEntryKey, proof, now, keyFor)
	if err != nil || p.Place != place.Origin {
		return nil, ErrStep
	}
	k.mu.RLock()
	device := k.have.devices[hashOf(a.Device)]
	k.mu.RUnlock()
	known := device != nil
	if known {
		if wait := k.devices.Wait(device.ID, now); wait > 0 {
			return nil, k.keyRefused(ctx, a, "", &WaitError{wait})
		}
	} else if wait := k.keyNoise.Wait(a.From, now); wait > 0 {
		return nil, k.keyRefused(ctx, a, "", &WaitError{wait})
	}
	key, err := k.keyOf(place, p, holder{}, response)
	if err != nil {
		if known {
			k.devices.Failed(device.ID, now)
		} else {
			k.keyNoise.Failed(a.From, now)
		}
		k.log.Info("a passkey was refused", "err", detail(err))
		return nil, k.keyRefused(ctx, a, "", ErrPasskey)
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	account, err := k.Account(key.Account)
	if err != nil {
		return nil, k.keyRefused(ctx, a, "", ErrPasskey)
	}
	e, err := k.byKey(ctx, account, key, a)
	if err != nil {
		return nil, k.keyRefused(ctx, a, account.Name, err)
	}
	if known {
		k.devices.Succeeded(device.ID)
	} else {
		k.keyNoise.Succeeded(a.From)
	}
	return e, nil
}

// keyRefused tells of a log-in by passkey that was refused, as of others.
func (k *Keeper) keyRefused(ctx context.Context, a Attempt, name string, err error) error {
	k.refused(ctx, a, name, k.now())
	return err
}

// ConfirmByPasskey is Confirm by a passkey. The error is ErrStep, ErrPasskey, a *WaitError, or of the store.
func (k *Keeper) ConfirmByPasskey(ctx context.Context, by *Caller, session string, place Place, proof string, response []byte) error {
	a, err := k.Account(by.Account)
	if err != nil {
		return err
	}
	now := k.now()
	if wait := k.devices.Wait(session, now); wait > 0 {
		return &WaitError{wait}
	}
	p, err := k.passes.open(forProofKey, proof, now, keyFor)
	if err != nil || p.Account != a.ID || p.Place != place.Origin {
		return ErrStep
	}
	key, err := k.keyOf(place, p, k.holderAt(a, place), response)
	if err != nil {
		k.devices.Failed(session, now)
		k.stepRefused(ctx, a, "passkey", "", now)
		k.log.Info("a passkey was refused", "account", a.Name, "err", detail(err))
		return ErrPasskey
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	put, err := k.stillKept(key)
	if err != nil {
		return err
	}
	return k.confirmed(ctx, session, put)
}

// keyOf is the passkey that has signed.
func (k *Keeper) keyOf(place Place, p *pass, h holder, response []byte) (*Passkey, error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, err
	}
	return k.signed(place, p, h, parsed)
}

// stillKept is the row of a passkey that was used, unless it was removed meanwhile: ErrPasskey. Its name may have been changed. The caller holds changing.
func (k *Keeper) stillKept(key *Passkey) ([]Row, error) {
	k.mu.RLock()
	is := k.have.passkeys[key.ID]
	k.mu.RUnlock()
	if is == nil || is.Account != key.Account {
		return nil, ErrPasskey
	}
	key.Name = is.Name
	return []Row{row(KindPasskey, key.ID, key.Account, key)}, nil
}

// byKey begins a session of an account whose passkey was used. The caller holds changing.
func (k *Keeper) byKey(ctx context.Context, account *Account, key *Passkey, a Attempt) (*Entrance, error) {
	put, err := k.stillKept(key)
	if err != nil {
		return nil, err
	}
	e, err := k.entered(ctx, account.ID, account.Hash, a, byTwo, &used{put: put, how: key.words()})
	if err != nil {
		return nil, ErrPasskey
	}
	return e, nil
}
