package configs

import "github.com/gerbang-iot/gerbang/accounts"

// Accounts is what is asked of people who sign in; who they are is kept by the gateway.
type Accounts struct {
	// SecondFactor are the roles whose people show a second factor beside their password: codes of an app, or a passkey. Whoever has such a role and no factor is
	// led to set one up after signing in, and may only look until then. Others may have one.
	SecondFactor []string `yaml:"second_factor" single:"yes" enum:"manager security cleaner auditor overseer administrator"`
}

// SecondFactors are the roles that must have a second factor.
func (a Accounts) SecondFactors() []accounts.Role {
	roles := make([]accounts.Role, len(a.SecondFactor))
	for i, r := range a.SecondFactor {
		roles[i] = accounts.Role(r)
	}
	return roles
}
