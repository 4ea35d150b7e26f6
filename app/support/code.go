package support

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"strings"
	"time"

	"github.com/omniposto/omniposto/app/ref"
	"github.com/omniposto/omniposto/store"
)

var codeAlphabet = base32.NewEncoding("23456789ABCDEFGHJKLMNPQRSTUVWXYZ").WithPadding(base32.NoPadding)

// Code is the support code of the organization on the day (UTC): what the customer reads out, so that a request can't
// be made to whom nobody spoke. Ten signs of an HMAC, without those that look alike.
func (s *Support) Code(o ref.Organization, at time.Time) string {
	mac := hmac.New(sha256.New, s.CodeKey)
	mac.Write([]byte(at.UTC().Format(time.DateOnly)))
	mac.Write(o[:])
	text := codeAlphabet.EncodeToString(mac.Sum(nil))
	return text[:5] + "-" + text[5:10]
}

// byCode finds the organization of today's or yesterday's code. It looks at every organization each time, so that a
// wrong code takes as long as a right one.
func (s *Support) byCode(tx store.ReadTx, code string) (ref.Organization, bool) {
	given := []byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code)))
	var found ref.Organization
	now := tx.Now()
	for o := range s.Organizations(tx) {
		for _, at := range []time.Time{now, now.Add(-24 * time.Hour)} {
			if subtle.ConstantTimeCompare(given, []byte(strings.Replace(s.Code(o, at), "-", "", 1))) == 1 {
				found = o
			}
		}
	}
	return found, !found.Zero()
}
