package text

import (
	"encoding/json"
	"os"
	"testing"
)

func TestLengthsAreThoseThatTheBrowserCounts(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name        string `json:"name"`
		Count       Count  `json:"count"`
		LinkReserve int    `json:"link_reserve"`
		Text        string `json:"text"`
		Length      int    `json:"length"`
	}
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 200 {
		t.Errorf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		if got := v.Count.Length(v.Text, v.LinkReserve); got != v.Length {
			t.Errorf("%s: %d, want %d", v.Name, got, v.Length)
		}
	}
}
