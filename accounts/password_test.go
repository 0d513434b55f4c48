package accounts

import (
	"strings"
	"testing"
)

func TestPasswordsThatAreGuessed(t *testing.T) {
	for password, want := range map[string]Weakness{
		"pendek": TooShort, "123456789": TooShort, "": TooShort, strings.Repeat("x7", 101): TooLong, "\xff\xfe12345678901": TooLong,
		"password123": Guessed, "P@ssw0rd2026!": Guessed, "Gerbang2026!": Guessed, "satpamgresik01": Guessed, "aaaaaaaaaaaa": Guessed,
		"1234567890": Guessed, "qwertyuiop": Guessed, "bismillah123": Guessed, "Indonesia1945": Guessed, "sayang12345678": Guessed,
		"sari dewi 123": Guessed, "sarisarisari": Guessed, "administrator1": Guessed, "malpelayananpublik": Guessed,
		"tujuh sendok di laci": "", "vX9#qLm2$tR": "", "kereta lewat jam tujuh": "", "correct horse battery staple": "", "пароль из букв": "", "rumah-pak-lurah-37b": "",
	} {
		if got := CheckPassword(password, "sari", "Sari Dewi"); got != want {
			t.Errorf("password %.30q: got %q (worth %d), want %q", password, got, worth(password, nil), want)
		}
	}
	if n := len(guessable()); n < 10_000 {
		t.Errorf("words that are guessed: got %d, want 10,000 or more", n)
	}
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("gerbang 2026 ş", "sari")
	f.Fuzz(func(t *testing.T, password, own string) {
		got := CheckPassword(password, own)
		if got == "" && (len(password) > MaxPassword || len(password) < MinPassword) {
			t.Errorf("password of %d bytes: taken", len(password))
		}
	})
}

func TestHashes(t *testing.T) {
	h := newHasher(cheap)
	one, err := h.hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	two, _ := h.hash(t.Context(), goodPassword)
	if one == two || !strings.HasPrefix(one, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("hashes of one password: got %q and %q, want two of argon2id", one, two)
	}
	for password, want := range map[string]bool{goodPassword: true, goodPassword + " ": false, "": false} {
		for _, hash := range []string{one, two} {
			if got, err := h.matches(t.Context(), password, hash, false); err != nil || got != want {
				t.Errorf("password %q: got %t, %v, want %t", password, got, err, want)
			}
		}
	}
	for _, bad := range []string{"", "x", "$argon2id$v=19$m=64,t=1,p=1$", "$argon2i$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=9999999,t=1,p=1$" + strings.SplitN(one, "$", 5)[4], "$argon2id$v=19$m=64,t=1,p=1$AAAA$"} {
		if got, err := h.matches(t.Context(), "", bad, false); got || err != nil {
			t.Errorf("hash %q: got %t, %v, want false", bad, got, err)
		}
	}
	if DefaultCost != (Cost{19 << 10, 2, 1}) {
		t.Errorf("cost: got %+v, want 19 MiB, t=2, p=1", DefaultCost)
	}
}
