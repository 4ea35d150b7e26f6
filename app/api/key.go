package api

import (
	"bytes"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/omniposto/omniposto/app/apikey"
	"github.com/omniposto/omniposto/app/base/fail"
)

// The refusals of an API key that stands in the wrong place.
var (
	ErrTwo        = fail.Malformed("two_credentials", "Send either one API key or a session's cookie, not both and none of them twice.")
	ErrAddressKey = fail.Malformed("key_in_address", "An API key stands in the address, where it ends up in logs. Revoke it, make a new one, and send that as Authorization: Bearer.")
)

// presentedKey reads the API key of a request: one header, Authorization: Bearer. Nil says that there is none; a header
// of another scheme is somebody else's, like that of a proxy with a password. What can't be a key is refused here,
// before the store is asked.
func presentedKey(c *fiber.Ctx, cookie bool) (*apikey.Presented, error) {
	if bytes.Contains(c.Request().URI().QueryString(), []byte(apikey.Prefix)) || bytes.Contains(c.Request().URI().PathOriginal(), []byte(apikey.Prefix)) {
		return nil, ErrAddressKey
	}
	found := ""
	headers := c.Request().Header.PeekAll(fiber.HeaderAuthorization)
	for _, h := range headers {
		scheme, rest, _ := strings.Cut(strings.TrimSpace(string(h)), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if cookie || len(headers) > 1 {
			return nil, ErrTwo
		}
		if found = strings.TrimSpace(rest); found == "" {
			return nil, apikey.ErrKey
		}
	}
	if found == "" {
		return nil, nil
	}
	key, err := apikey.Parse(found)
	if err != nil {
		return nil, err
	}
	return &key, nil
}
