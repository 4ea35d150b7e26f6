package connector

import (
	"net/url"
	"testing"
)

// What is signed, and the signature, are those of the examples in RFC 5849, 3.4.1.1 and 1.2.
func TestASignatureIsTheOneOfTheStandardsExamples(t *testing.T) {
	t.Parallel()
	at, err := url.Parse("http://EXAMPLE.COM/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]string{"oauth_consumer_key": "9djdj82h48djs9d2", "oauth_token": "kkk9d7dh3k39sjv7", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "137131201", "oauth_nonce": "7d8f3e4a"}
	const base = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got := base1("post", at, own, url.Values{"c2": {""}, "a3": {"2 q"}}); got != base {
		t.Errorf("%s", got)
	}
	at, err = url.Parse("http://photos.example.net/photos?file=vacation.jpg&size=original")
	if err != nil {
		t.Fatal(err)
	}
	own = map[string]string{"oauth_consumer_key": "dpf43f3p2l4k3l03", "oauth_token": "nnch734d00sl2jdk", "oauth_signature_method": "HMAC-SHA1", "oauth_timestamp": "137131202", "oauth_nonce": "chapoH"}
	if got := signature1("GET", at, own, nil, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"); got != "MdpQcU8iPSUjWoN/UDMsK2sui9I=" {
		t.Errorf("%s", got)
	}
}

func TestParametersAreSignedByNameAndNotByWhatFollowsIt(t *testing.T) {
	t.Parallel()
	at := &url.URL{Scheme: "https", Host: "a.example", Path: "/", RawQuery: "a1=x&a=z&a=y"}
	if got := base1("GET", at, nil, nil); got != "GET&https%3A%2F%2Fa.example%2F&a%3Dy%26a%3Dz%26a1%3Dx" {
		t.Errorf("%s", got)
	}
}
