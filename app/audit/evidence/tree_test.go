package evidence_test

import (
	"encoding/hex"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/omniposto/omniposto/app/audit/evidence"
)

// The vectors of Certificate Transparency's own tests for RFC 6962, section 2.1: eight leaves, the root after each, and
// proofs. Source: certificate-transparency, merkletree/merkle_tree_test.cc.
var (
	vectorLeaves = []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	vectorRoots  = []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}
	vectorInclusion = []struct {
		seq, size int64
		proof     []string
	}{
		{0, 1, nil},
		{0, 8, []string{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{5, 8, []string{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2, 3, []string{"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
		{1, 5, []string{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	}
	vectorConsistency = []struct {
		from, to int64
		proof    []string
	}{
		{1, 1, nil},
		{1, 8, []string{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7", "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
		{6, 8, []string{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
		{2, 5, []string{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e", "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
	}
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hashes(t testing.TB, texts []string) (out []evidence.Hash) {
	for _, s := range texts {
		out = append(out, evidence.Hash(unhex(t, s)))
	}
	return out
}

// stored keeps the nodes of a tree as tlog numbers them.
type stored []evidence.Hash

func (s stored) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		out = append(out, s[i])
	}
	return out, nil
}

func (s *stored) add(t testing.TB, seq int64, leaf evidence.Hash) {
	t.Helper()
	more, err := tlog.StoredHashesForRecordHash(seq, leaf, *s)
	if err != nil {
		t.Fatal(err)
	}
	*s = append(*s, more...)
}

func TestTreeIsTheOneOfRFC6962(t *testing.T) {
	t.Parallel()
	var tree evidence.Tree
	if tree.Root() != evidence.Hash(unhex(t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")) {
		t.Error("the empty tree has another root")
	}
	var nodes stored
	roots := hashes(t, vectorRoots)
	for i, l := range vectorLeaves {
		leaf := evidence.Leaf(unhex(t, l))
		tree.Add(leaf)
		if nodes.add(t, int64(i), leaf); tree.Root() != roots[i] {
			t.Errorf("after %d leaves: %x", i+1, tree.Root())
		}
	}
	for _, v := range vectorInclusion {
		proof, err := tlog.ProveRecord(v.size, v.seq, nodes)
		if want := hashes(t, v.proof); err != nil || !same(proof, want) || tlog.CheckRecord(want, v.size, roots[v.size-1], v.seq, evidence.Leaf(unhex(t, vectorLeaves[v.seq]))) != nil {
			t.Errorf("inclusion of %d in %d: %v, %v", v.seq, v.size, proof, err)
		}
	}
	for _, v := range vectorConsistency {
		proof, err := tlog.ProveTree(v.to, v.from, nodes)
		if want := hashes(t, v.proof); err != nil || !same(proof, want) || tlog.CheckTree(want, v.to, roots[v.to-1], v.from, roots[v.from-1]) != nil {
			t.Errorf("consistency of %d and %d: %v, %v", v.from, v.to, proof, err)
		}
	}
}

func same(a, b []evidence.Hash) bool {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestEveryCheckpointGoesOnFromEveryEarlierOne proves it for all pairs of 1,000, and that no proof serves for another root.
func TestEveryCheckpointGoesOnFromEveryEarlierOne(t *testing.T) {
	t.Parallel()
	const count = 1000
	var nodes stored
	var tree evidence.Tree
	roots := []evidence.Hash{tree.Root()}
	for i := range int64(count) {
		leaf := evidence.Leaf([]byte{byte(i), byte(i >> 8)})
		tree.Add(leaf)
		nodes.add(t, i, leaf)
		roots = append(roots, tree.Root())
	}
	for to := int64(1); to <= count; to++ {
		for from := int64(1); from <= to; from++ {
			proof, err := tlog.ProveTree(to, from, nodes)
			if err != nil || tlog.CheckTree(proof, to, roots[to], from, roots[from]) != nil {
				t.Fatalf("%d doesn't go on from %d: %v", to, from, err)
			}
			if from < to && to%97 == 0 && tlog.CheckTree(proof, to, roots[to], from, roots[from-1]) == nil {
				t.Fatalf("%d goes on from another log of %d", to, from)
			}
		}
	}
}
