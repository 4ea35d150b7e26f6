package connector

import (
	"fmt"
	"math/big"
	"strings"
)

// When a price is due.
const (
	PerPost  = "post"  // for each post
	WithLink = "link"  // for a post with an address in its text, in place of PerPost
	PerAlt   = "alt"   // for each file with alt text
	Later    = "later" // for what is done beside publishing: looking, figures, deleting
)

// Cost is what the platform asks for publishing a draft, as a decimal, with the currency; "" where it asks nothing.
func (s *Spec) Cost(d *Draft) (amount, currency string) {
	k, _ := s.Kind(d.Kind)
	linked := k.Text.Count.HasLink(d.Text)
	sum := new(big.Rat)
	for _, p := range s.Prices {
		times := int64(0)
		switch p.When {
		case PerPost:
			if !linked || !s.prices(WithLink) {
				times = 1
			}
		case WithLink:
			if linked {
				times = 1
			}
		case PerAlt:
			for _, m := range d.Media {
				if m.Alt != "" {
					times++
				}
			}
		}
		if one, ok := new(big.Rat).SetString(p.Amount); ok && times > 0 {
			sum.Add(sum, one.Mul(one, big.NewRat(times, 1)))
			currency = p.Currency
		}
	}
	if sum.Sign() == 0 {
		return "", ""
	}
	amount = strings.TrimRight(sum.FloatString(4), "0")
	for i := strings.IndexByte(amount, '.'); len(amount) < i+3; {
		amount += "0"
	}
	return amount, currency
}

func (s *Spec) prices(when string) bool {
	for _, p := range s.Prices {
		if p.When == when {
			return true
		}
	}
	return false
}

// checkCost says what publishing costs, before anything is scheduled.
func (s *Spec) checkCost(d *Draft, k Kind) []Trouble {
	with := *d
	with.Kind = k.ID
	amount, currency := s.Cost(&with)
	if amount == "" {
		return nil
	}
	words := fmt.Sprintf("%s asks the owner of the app %s %s for this post.", s.Label, amount, currency)
	if s.prices(WithLink) && k.Text.Count.HasLink(d.Text) {
		words += " Most of it is for the address in the text."
	}
	return []Trouble{{Code: "price", Field: "text", Words: words, Severity: Note}}
}
