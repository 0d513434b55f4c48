package facility

import "testing"

// A site that says only its area is found by province and town all the same.
func TestRegionAndCityOfASite(t *testing.T) {
	for _, x := range []struct {
		site         Site
		region, city string
	}{
		{Site{Area: "ID-JI/kota-probolinggo"}, "Jawa Timur", "Kota Probolinggo"},
		{Site{Area: "ID-KS"}, "Kalimantan Selatan", ""},
		{Site{Area: "ID"}, "", ""}, {Site{Area: "TL-DI/dili"}, "", "Dili"}, {Site{}, "", ""},
		{Site{Area: "ID-NT/belu", Region: "Wilayah perbatasan", City: "Atambua"}, "Wilayah perbatasan", "Atambua"},
	} {
		if r, c := x.site.RegionName(), x.site.CityName(); r != x.region || c != x.city {
			t.Errorf("%+v: got %q, %q, want %q, %q", x.site, r, c, x.region, x.city)
		}
	}
	if len(provinces) != 38 {
		t.Errorf("%d provinces, want 38", len(provinces))
	}
}
