package genericwebhook

import (
	"testing"

	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/genericwebhook/genericwebhookfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, genericwebhookfake.New) }

func TestSignaturesAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	const content = `msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}`
	got, err := signatures([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, content)
	if err != nil || len(got) != 1 || got[0] != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("%v %v", got, err)
	}
	two, err := signatures([]string{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}, content)
	if err != nil || len(two) != 2 || two[1][:4] != "v1a," {
		t.Errorf("%v %v", two, err)
	}
	for _, bad := range []string{"whsec_short", "whsec_%%%", "whsk_AAAA"} {
		if _, err := signatures([]string{bad}, content); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
