package cli

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/omniposto/omniposto/app/audit/evidence"
)

// audit has the commands that need no server, no store and no network.
func (p Program) audit() *cobra.Command {
	parent := &cobra.Command{Use: "audit", Short: "Check an exported audit log"}
	var key, since, witness string
	var asJSON bool
	c := &cobra.Command{Use: "verify BUNDLE", Short: "Check an exported audit log without the server it came from",
		Long: "Checks a bundle (the ZIP, or a folder it was unpacked to) with no network and no store. By itself a bundle can only agree with\n" +
			"itself; hold it against what you kept elsewhere to know that nothing was rewritten. Ends with 1 when the log isn't unbroken.",
		Args: cobra.ExactArgs(1), RunE: func(_ *cobra.Command, args []string) error {
			against := evidence.Against{Fingerprint: key, Witness: witness}
			if since != "" {
				raw, err := os.ReadFile(since)
				if err != nil {
					return fmt.Errorf("read the checkpoint: %w", err)
				}
				against.Since = string(raw)
			}
			return p.verifyBundle(args[0], against, asJSON)
		}}
	c.Flags().StringVar(&key, "key", "", "fingerprint of the signing key, 64 hexadecimal signs")
	c.Flags().StringVar(&since, "since", "", "file with an older checkpoint")
	c.Flags().StringVar(&witness, "witness", "", "key of a witness: NAME+HASH+KEY")
	c.Flags().BoolVar(&asJSON, "json", false, "answer as JSON")
	parent.AddCommand(c)
	return parent
}

func (p Program) verifyBundle(path string, against evidence.Against, asJSON bool) error {
	bundle, closing, err := openBundle(path)
	if err != nil {
		return err
	}
	defer closing()
	v, err := evidence.Verify(bundle, against)
	if err != nil {
		return err
	}
	if asJSON {
		raw, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		fmt.Fprintln(p.Out, string(raw))
	} else {
		fmt.Fprint(p.Out, v)
	}
	if v.Problem != nil {
		return errors.New("the log isn't unbroken")
	}
	return nil
}

// openBundle opens a ZIP or a folder.
func openBundle(path string) (fs.FS, func(), error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the bundle: %w", err)
	}
	if info.IsDir() {
		return os.DirFS(path), func() {}, nil
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open the bundle: %w", err)
	}
	return z, func() { _ = z.Close() }, nil
}
