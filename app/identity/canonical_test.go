package identity

import "testing"

func TestCanonicalFormIsOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{``, `null`}, {` null `, `null`}, {`{ }`, `{}`}, {`[ 1 , true,false ]`, `[1,true,false]`}, {`-0`, `0`}, {`9007199254740991`, `9007199254740991`},
		{`{"b":1, "a":{"z":[],"y":"x"}}`, `{"a":{"y":"x","z":[]},"b":1}`},
		{`{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}`, "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,\"\ufb33\":3}"}, // RFC 8785, 3.2.3
		{`"\u000f\/\"\\\b\f\n\t<"`, `"\u000f/\"\\\b\f\n\t<"`},
	} {
		got, err := canonical([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s became %s, %v; want %s", c.in, got, err, c.want)
		}
		if again, err := canonical(got); err != nil || string(again) != c.want {
			t.Errorf("%s isn't its own form: %s, %v", c.want, again, err)
		}
	}
	for _, none := range []string{`1.5`, `1e2`, `9007199254740992`, `{"a":0.1}`, `{`, `{} {}`, `nul`} {
		if got, err := canonical([]byte(none)); err == nil {
			t.Errorf("%s became %s", none, got)
		}
	}
}
