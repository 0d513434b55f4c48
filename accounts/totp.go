package accounts

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
)

// TOTP is an authenticator that shows codes: an app on a telephone.
type TOTP struct {
	Account string    `json:"account"`
	Secret  sealed    `json:"secret"` // what codes are made from
	Made    time.Time `json:"made"`
	Used    time.Time `json:"used,omitzero"`
	// Step is the last one whose code was used. That code and those before it let nobody in any more, wherever the clock goes.
	Step int64 `json:"step"`
	// Spent are later steps of which somebody has been told that the code is right for another time: they let nobody in either, or a guess
	// would be worth something later.
	Spent []int64 `json:"spent,omitempty"`
}

const (
	// stepLength is how long a code is shown.
	stepLength = 30 * time.Second
	// skew is how many steps a clock may be off: a code is good half a minute early and late.
	skew = 1
	// reach is how many steps a code is looked for to say that a clock is wrong: two hours, for a clock that was set by hand in another zone.
	reach = 250
	// mostSpent bounds what is remembered of wrong clocks.
	mostSpent = 32
	codeSize  = 6
	// enrolFor is how long setting up an authenticator may take.
	enrolFor = 30 * time.Minute
)

func totpPurpose(account string) string { return "totp of " + account }

func stepOf(now time.Time) int64 { return now.Unix() / int64(stepLength/time.Second) }

// codeAt is the code of a step.
func codeAt(secret string, step int64) (string, error) {
	return hotp.GenerateCodeCustom(secret, uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// cleanCode is a code as people type it, without what they put between its signs.
func cleanCode(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' || r == '\u00a0' {
			return -1
		}
		return r
	}, s))
}

func isDigits(s string) bool {
	return len(s) == codeSize && strings.Trim(s, "0123456789") == ""
}

// find looks for the step of a code, the nearest first. It costs the same for a code that is nowhere as for one that is far away.
func find(secret, code string, now int64) (step int64, ok bool, err error) {
	for away := int64(0); away <= reach; away++ {
		for _, at := range []int64{now - away, now + away} {
			if at < 0 {
				continue
			}
			want, err := codeAt(secret, at)
			if err != nil {
				return 0, false, err
			}
			if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
				return at, true, nil
			}
		}
	}
	return 0, false, nil
}

// check judges a code. A nil error means that it is good now, and by which step. changed, if not nil, is what must be kept in any case.
func (t *TOTP) check(secret, code string, now time.Time) (step int64, changed *TOTP, err error) {
	at := stepOf(now)
	step, ok, err := find(secret, code, at)
	switch {
	case err != nil:
		return 0, nil, err
	case !ok:
		return 0, nil, ErrCode
	case step < at-skew || step > at+skew:
		if step > at+skew && !slices.Contains(t.Spent, step) {
			is := *t
			is.Spent = append(slices.DeleteFunc(slices.Clone(t.Spent), func(s int64) bool { return s < at-skew }), step)
			is.Spent = is.Spent[max(0, len(is.Spent)-mostSpent):]
			changed = &is
		}
		return 0, changed, &DriftError{Ahead: time.Duration(step-at) * stepLength, Now: now}
	case step <= t.Step || slices.Contains(t.Spent, step):
		return 0, nil, ErrUsed
	}
	return step, nil, nil
}

// used is what somebody has used up to prove who he is: it must be durable before he gets anything for it.
type used struct {
	put  []Row
	how  string
	told []Event // what is told of it besides
}

// by is what is told, with who it was and where.
func (u *used) by(name, address string) []Event {
	for i := range u.told {
		u.told[i].By, u.told[i].Address = name, address
	}
	return u.told
}

// take judges a code or a recovery code of an account and gives what must be kept with whatever is given for it. The caller holds changing: of many
// who come with the same code at once, one finds it unused.
func (k *Keeper) take(ctx context.Context, a *Account, code string, now time.Time) (*used, error) {
	code = cleanCode(code)
	if !isDigits(code) {
		return k.takeRecovery(a, code)
	}
	k.mu.RLock()
	t := k.have.totps[a.ID]
	k.mu.RUnlock()
	if t == nil {
		return nil, ErrCode
	}
	secret, err := k.sealer.open(totpPurpose(a.ID), t.Secret)
	if err != nil {
		if !errors.Is(err, errNoKey) {
			k.log.Error("the secret of an authenticator cannot be read", "account", a.Name, "err", err)
		}
		return nil, ErrUnreadable
	}
	step, changed, err := t.check(secret, code, now)
	if changed != nil {
		k.keepOrGo(ctx, []Row{row(KindTOTP, a.ID, a.ID, changed)}, nil)
	}
	if err != nil {
		return nil, err
	}
	is := *t
	is.Step, is.Used = step, now
	is.Spent = slices.DeleteFunc(slices.Clone(t.Spent), func(s int64) bool { return s <= step })
	return &used{put: []Row{row(KindTOTP, a.ID, a.ID, &is)}, how: FactorCodes}, nil
}

// Enrolment is an authenticator that is about to be set up. It counts for nothing until a code of it was shown.
type Enrolment struct {
	Secret string // to be typed where no camera is
	URL    string // what the QR code says
	Proof  string // is given back with the first code
}

// BeginTOTP makes a secret for an authenticator. Nothing is kept of it. The error is ErrStale or ErrNone.
func (k *Keeper) BeginTOTP(by *Caller, session string) (*Enrolment, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return nil, err
	}
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Gerbang", AccountName: a.Name})
	if err != nil {
		return nil, err
	}
	return k.enrolment(a, key.Secret()), nil
}

// AgainTOTP is the same authenticator again, after a code of it was wrong. The error is ErrStep: it was too long ago.
func (k *Keeper) AgainTOTP(by *Caller, proof string) (*Enrolment, error) {
	a, err := k.Account(by.Account)
	if err != nil {
		return nil, err
	}
	t, err := k.passes.open(forEnrolment, proof, k.now(), enrolFor)
	if err != nil || t.Account != a.ID {
		return nil, ErrStep
	}
	return k.enrolment(a, t.Secret), nil
}

func (k *Keeper) enrolment(a *Account, secret string) *Enrolment {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Gerbang", AccountName: a.Name, Secret: decodeSecret(secret)})
	if err != nil {
		panic(err) // issuer and name are there
	}
	return &Enrolment{Secret: secret, URL: key.URL(), Proof: k.passes.seal(forEnrolment, pass{Account: a.ID, Secret: secret, Began: k.now().Unix()})}
}

// ConfirmTOTP sets an authenticator up, by a code of it, in the place of the one before. That code is used then. It gives the recovery codes that
// were made, to be shown once; none, if there were some. The error is ErrStale, ErrStep, ErrCode, a *DriftError, or of the store.
func (k *Keeper) ConfirmTOTP(ctx context.Context, by *Caller, session, proof, code string) ([]string, error) {
	k.changing.Lock()
	defer k.changing.Unlock()
	if err := k.mayChange(by, session); err != nil {
		return nil, err
	}
	now := k.now()
	p, err := k.passes.open(forEnrolment, proof, now, enrolFor)
	if err != nil || p.Account != by.Account {
		return nil, ErrStep
	}
	code = cleanCode(code)
	if !isDigits(code) {
		return nil, ErrCode
	}
	t := &TOTP{Account: by.Account, Made: now}
	before := ""
	k.mu.RLock()
	if old := k.have.totps[by.Account]; old != nil {
		before = FactorCodes
	}
	k.mu.RUnlock()
	if t.Step, _, err = t.check(p.Secret, code, now); err != nil {
		return nil, err
	}
	if t.Secret, err = k.sealer.seal(totpPurpose(by.Account), p.Secret); err != nil {
		return nil, err
	}
	return k.added(ctx, by, session, FactorCodes, row(KindTOTP, by.Account, by.Account, t), before)
}
