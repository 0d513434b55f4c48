package facility

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// provinces are the provinces of Indonesia by their code (ISO 3166-2), as people call them.
var provinces = map[string]string{
	"ID-AC": "Aceh", "ID-SU": "Sumatera Utara", "ID-SB": "Sumatera Barat", "ID-RI": "Riau", "ID-KR": "Kepulauan Riau", "ID-JA": "Jambi",
	"ID-SS": "Sumatera Selatan", "ID-BB": "Kepulauan Bangka Belitung", "ID-BE": "Bengkulu", "ID-LA": "Lampung",
	"ID-BT": "Banten", "ID-JK": "DKI Jakarta", "ID-JB": "Jawa Barat", "ID-JT": "Jawa Tengah", "ID-YO": "DI Yogyakarta", "ID-JI": "Jawa Timur",
	"ID-BA": "Bali", "ID-NB": "Nusa Tenggara Barat", "ID-NT": "Nusa Tenggara Timur",
	"ID-KB": "Kalimantan Barat", "ID-KT": "Kalimantan Tengah", "ID-KS": "Kalimantan Selatan", "ID-KI": "Kalimantan Timur", "ID-KU": "Kalimantan Utara",
	"ID-SA": "Sulawesi Utara", "ID-GO": "Gorontalo", "ID-ST": "Sulawesi Tengah", "ID-SR": "Sulawesi Barat", "ID-SN": "Sulawesi Selatan",
	"ID-SG": "Sulawesi Tenggara", "ID-MA": "Maluku", "ID-MU": "Maluku Utara",
	"ID-PA": "Papua", "ID-PB": "Papua Barat", "ID-PD": "Papua Barat Daya", "ID-PE": "Papua Pegunungan", "ID-PS": "Papua Selatan", "ID-PT": "Papua Tengah",
}

// RegionName is the group that the site belongs to where many are listed: what its definition says, else the province of its area; empty:
// neither is known.
func (s *Site) RegionName() string {
	if s.Region != "" {
		return s.Region
	}
	province, _, _ := strings.Cut(s.Area, "/")
	return provinces[province]
}

// CityName is the town or regency: what the definition says, else the place in its area (ID-JI/kota-probolinggo is Kota Probolinggo);
// empty: neither is known.
func (s *Site) CityName() string {
	if s.City != "" {
		return s.City
	}
	i := strings.LastIndexByte(s.Area, '/')
	if i < 0 {
		return ""
	}
	words := strings.FieldsFunc(s.Area[i+1:], func(r rune) bool { return r == '-' })
	for i, w := range words {
		r, n := utf8.DecodeRuneInString(w)
		words[i] = string(unicode.ToUpper(r)) + w[n:]
	}
	return strings.Join(words, " ")
}

// Located reports whether the site says where on the Earth it lies.
func (s *Site) Located() bool { return s.Latitude != 0 || s.Longitude != 0 }
