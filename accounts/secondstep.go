package accounts

import (
	"context"
	"strings"
	"time"
)

// StepFor is how long somebody whose password was right may look for the second factor.
const StepFor = 10 * time.Minute

// proof is what somebody has shown who is let in.
type proof string

// The proofs.
const (
	byPassword proof = "password"
	byLink     proof = "link"
	byTwo      proof = "two" // password and second factor, or a passkey that has verified its person
)

// Step is somebody whose password was right and who has not shown the second factor yet.
type Step struct {
	Account *Account
	Factors Factors
}

// beginStep is what somebody gets for a password that was right, where a second factor is asked for.
func (k *Keeper) beginStep(a *Account, hash string) *Entrance {
	return &Entrance{Step: k.passes.seal(forStep, pass{Account: a.ID, Hash: hashOf(hash), Began: k.now().Unix()}), Account: a.clone()}
}

// Step finds who has come so far. The error is ErrStep.
func (k *Keeper) Step(text string) (*Step, error) {
	a, err := k.stepped(text)
	if err != nil {
		return nil, err
	}
	return &Step{Account: a, Factors: k.Factors(a.ID)}, nil
}

func (k *Keeper) stepped(text string) (*Account, error) {
	p, err := k.passes.open(forStep, text, k.now(), StepFor)
	if err != nil {
		return nil, err
	}
	a, err := k.Account(p.Account)
	if err != nil || a.Off || a.Hash == "" || hashOf(a.Hash) != p.Hash {
		return nil, ErrStep
	}
	return a, nil
}

// patienceOf is who is kept waiting after wrong second factors: a device that is known by itself, all others of an account together. So guesses
// of whoever knows the password slow down the owner nowhere where he has signed in before.
func (k *Keeper) patienceOf(a *Account, device string) (*Backoff[string], string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if d := k.have.devices[hashOf(device)]; d != nil && d.Account == a.ID {
		return k.devices, d.ID
	}
	return k.steps, a.ID
}

// TakeStep lets somebody in whose password was right, by a code or a recovery code. What was used for it is durable before. The error is ErrStep, ErrCode,
// ErrUsed, ErrUnreadable, a *DriftError, a *WaitError, or of the store.
func (k *Keeper) TakeStep(ctx context.Context, step, code string, a Attempt) (*Entrance, error) {
	account, err := k.stepped(step)
	if err != nil {
		return nil, err
	}
	patience, who := k.patienceOf(account, a.Device)
	if wait := patience.Wait(who, k.now()); wait > 0 { // before anything is spent on it, and before others are held up
		k.stepRefused(ctx, account, kindOfCode(code), addressOf(a.From), k.now())
		return nil, &WaitError{wait}
	}
	k.changing.Lock()
	defer k.changing.Unlock()
	if account, err = k.stepped(step); err != nil { // it may have been changed meanwhile
		return nil, err
	}
	now := k.now()
	wait := patience.Wait(who, now) // many at once have one patience
	var u *used
	if wait > 0 {
		err = &WaitError{wait}
	} else if u, err = k.take(ctx, account, code, now); err != nil {
		patience.Failed(who, now)
	}
	if err != nil {
		k.stepRefused(ctx, account, kindOfCode(code), addressOf(a.From), now)
		return nil, err
	}
	e, err := k.entered(ctx, account.ID, account.Hash, a, byTwo, u)
	if err != nil {
		return nil, err
	}
	patience.Succeeded(who)
	return e, nil
}

// kindOfCode is what somebody tried, for the record.
func kindOfCode(code string) string {
	if isDigits(cleanCode(code)) {
		return FactorCodes
	}
	return "recovery"
}

// stepRefused tells of a second factor that was refused, now and then. Whoever came so far knows the password.
func (k *Keeper) stepRefused(ctx context.Context, a *Account, what, address string, now time.Time) {
	if n := k.stepRefusals.add(now); n > 0 {
		k.keepOrGo(ctx, nil, nil, Event{What: StepRefused, About: a.Name, Count: n, After: what, Address: address})
	}
}

func joined(words []string) string { return strings.Join(words, "; ") }
