package linkedin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/omniposto/omniposto/app/connector"
	"github.com/omniposto/omniposto/app/connector/conform"
	"github.com/omniposto/omniposto/app/connector/fake"
	"github.com/omniposto/omniposto/app/connector/linkedin/linkedinfake"
)

func TestConnector(t *testing.T) { conform.Run(t, New, linkedinfake.New) }

func open(t *testing.T, way string) *conform.Rig {
	return conform.Open(t, New, linkedinfake.New, fake.Account{Way: way})
}

func TestAPageIsChosenAndAProfileIsNot(t *testing.T) {
	t.Parallel()
	if ch := open(t, page).Channel(); ch.Target != "2414183" || ch.Name != "Devtestco" || ch.URL != "https://www.linkedin.com/company/2414183/" {
		t.Errorf("%+v", ch)
	}
	r := open(t, page)
	r.Do(func(ctx context.Context, c *connector.Call) error { // pages without the right to post aren't offered
		list, err := Connector{}.Choose(ctx, c)
		if len(list) != 1 {
			t.Errorf("%+v", list)
		}
		return err
	})
	if ch := open(t, member).Channel(); ch.Target != "" || ch.RemoteID != "782bbtaQ" || ch.Name != "Ada Example" {
		t.Errorf("%+v", ch)
	}
}

func TestLittleTextCutsNothing(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"plain":                      "plain",
		`a (b) [c] {d} <e> *f* _g_`:  `a \(b\) \[c\] \{d\} \<e\> \*f\* \_g\_`,
		`50% | ~10 \ me@example.com`: `50% \| \~10 \\ me\@example.com`,
		"go #LinkedIn now":           `go {hashtag|\#|LinkedIn} now`,
		"#1 of #a_b":                 `\#1 of {hashtag|\#|a\_b}`,
		"by @[Devtestco](urn:li:organization:2414183)!": `by @[Devtestco](urn:li:organization:2414183)!`,
		"by @[Not](this)": `by \@\[Not\]\(this\)`,
	} {
		if got := little(written); got != want {
			t.Errorf("%s: %s, want %s", written, got, want)
		}
		if a := plain(little(written)); !strings.Contains(written, "urn:li") && a != written {
			t.Errorf("%s comes back as %s", written, a)
		}
	}
	r := open(t, member)
	d := r.Draft("text")
	d.Text = `Everything (really) stays: #all of *it*, up to the last sign_`
	if p := r.Seen(r.Publish(d).ID); p.Text != d.Text {
		t.Errorf("%q", p.Text)
	}
}

func TestSettingsReachLinkedIn(t *testing.T) {
	t.Parallel()
	r := open(t, member)
	for settings, want := range map[string]string{
		`{"visibility":"CONNECTIONS"}`: "CONNECTIONS false",
		`{"disable_reshare":true}`:     "PUBLIC true",
		`{"poll_options":["yes","no"],"poll_question":"Well?","poll_duration":"SEVEN_DAYS"}`:   "PUBLIC false poll Well? yes SEVEN_DAYS",
		`{"reshare":"https://www.linkedin.com/feed/update/urn:li:share:7012345678901234567/"}`: "PUBLIC false reshare urn:li:share:7012345678901234567",
		`{"link_card":true,"card_title":"Own title"}`:                                          "PUBLIC false article https://example.com/page Own title",
		`{"link_card":false}`: "PUBLIC false",
	} {
		d := r.Draft("text")
		if !strings.Contains(settings, "card") {
			d.Text = fmt.Sprintf("Words %d", len(settings))
		}
		d.Settings = json.RawMessage(settings)
		p := r.Seen(r.Publish(d).ID)
		got := p.More["visibility"] + " " + p.More["no_reshare"]
		for _, name := range []string{"poll", "reshare", "article"} {
			if v := p.More[name]; v != "" {
				got += " " + name + " " + v
			}
		}
		if got != want {
			t.Errorf("%s: %s", settings, got)
		}
	}
	d := r.Draft("document")
	d.Settings = json.RawMessage(`{"document_title":"Our year"}`)
	if p := r.Seen(r.Publish(d).ID); p.More["title"] != "Our year" {
		t.Errorf("%v", p.More)
	}
}

func TestRulesThatAFormCantSay(t *testing.T) {
	t.Parallel()
	r := open(t, page)
	for settings, want := range map[string]string{
		`{}`:                           "",
		`{"visibility":"CONNECTIONS"}`: "visibility",
		`{"reshare":"https://www.linkedin.com/in/ada"}`:                                    "reshare_unknown",
		`{"poll_options":["one"],"poll_question":"Well?"}`:                                 "poll_invalid",
		`{"poll_options":["one","two"]}`:                                                   "poll_invalid",
		`{"poll_options":["a","` + strings.Repeat("b", 31) + `"],"poll_question":"Well?"}`: "poll_invalid",
	} {
		d := r.Draft("page-text")
		d.Settings = json.RawMessage(settings)
		var got []string
		for _, tr := range spec.Check(&d) {
			got = append(got, tr.Code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%.60s: %v, want %s", settings, got, want)
		}
	}
}

func TestARepetitionNamesTheFirst(t *testing.T) {
	t.Parallel()
	r := open(t, member)
	d := r.Draft("text")
	r.Publish(d)
	again := r.Draft("text")
	again.Text = d.Text
	if out := r.Refused(again); out.Class != connector.Duplicate || out.Words != "LinkedIn has these words already. Change them." {
		t.Errorf("%s %q", out.Class, out.Words)
	}
}

func TestAVideoGoesInTheRangesThatLinkedInNames(t *testing.T) {
	t.Parallel()
	r := open(t, page)
	d := r.Draft("page-video")
	d.Media[0].Size, d.Media[0].File = 9<<20+5, zeros{}
	if p := r.Seen(r.Publish(d).ID); len(p.Files) != 1 || p.Files[0].Size != d.Media[0].Size {
		t.Errorf("%+v", p.Files)
	}
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error) { clear(p); return len(p), nil }

func TestAPagesPostIsEditedMeasuredAnsweredAndDeleted(t *testing.T) {
	t.Parallel()
	r := open(t, page)
	first := r.Publish(r.Draft("page-images"))
	reply := r.Draft("page-comment")
	reply.Role, reply.Parent, reply.Root = connector.Comment, &first, &first
	second := r.Publish(reply)
	m := Connector{}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		d := r.Draft("page-images")
		d.Text = "Changed (now)"
		_, err := m.Edit(ctx, c, first, &d)
		return err
	})
	if got := r.Seen(first.ID); got.Text != "Changed (now)" {
		t.Errorf("edited is %q", got.Text)
	}
	r.Do(func(ctx context.Context, c *connector.Call) error {
		figures, err := m.Measure(ctx, c, []connector.Receipt{first, {ID: "urn:li:share:404"}})
		if len(figures) != 1 || figures[0].ID != first.ID || fmt.Sprint(figures[0].Counts) != "map[clicks:3 likes:4 reach:2 replies:5 reposts:6 views:1]" {
			t.Errorf("%v", figures)
		}
		return err
	})
	r.Do(func(ctx context.Context, c *connector.Call) error {
		answers, _, err := m.Replies(ctx, c, first, "")
		if len(answers) != 1 || answers[0].ID != second.ID || answers[0].Parent != first.ID {
			t.Errorf("%+v", answers)
		}
		return err
	})
	for range 2 { // deleting what is gone is no error
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, second) })
		r.Do(func(ctx context.Context, c *connector.Call) error { return m.Delete(ctx, c, first) })
	}
	if n := len(r.Platform().Visible()); n != 0 {
		t.Errorf("%d are visible", n)
	}
}

func TestPagesAreFoundToBeMentioned(t *testing.T) {
	t.Parallel()
	open(t, page).Do(func(ctx context.Context, c *connector.Call) error {
		list, err := Connector{}.Lookup(ctx, c, "mentions", "https://www.linkedin.com/company/devtestco/", nil)
		if len(list) != 1 || list[0].ID != "@[Devtestco](urn:li:organization:2414183)" {
			t.Errorf("%v", list)
		}
		return err
	})
}

func TestAMemberIsToldWhatLinkedInKeepsFromApps(t *testing.T) {
	t.Parallel()
	r := open(t, member)
	first := r.Publish(r.Draft("text"))
	err := r.Try(func(ctx context.Context, c *connector.Call) error {
		_, _, err := Connector{}.Replies(ctx, c, first, "")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "pages' posts only") {
		t.Error(err)
	}
}
