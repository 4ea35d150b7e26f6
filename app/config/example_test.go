package config_test

import (
	"fmt"

	"github.com/omniposto/omniposto/app/config"
)

func ExampleLoad() {
	_, err := config.Load(config.Sources{
		Environ: []string{"OMNIPOSTO_STORE__ULR=postgres://db/omniposto", "OMNIPOSTO_LOG__LEVEL=wran"},
	})
	fmt.Println(err)
	// Output:
	// environment OMNIPOSTO_LOG__LEVEL: log.level must be debug, info, warn or error; did you mean warn?
	// environment OMNIPOSTO_STORE__ULR: is not a key; did you mean OMNIPOSTO_STORE__URL?
}

func ExampleShow() {
	c, err := config.Load(config.Sources{Environ: []string{"OMNIPOSTO_STORE__URL=postgres://omniposto:secret@db/omniposto"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range config.Show(c) {
		if line.Key == "store.url" || line.Key == "log.level" {
			fmt.Println(line.Key, line.Value, "from", line.From)
		}
	}
	// Output:
	// store.url postgres://omniposto:***@db/omniposto from environment OMNIPOSTO_STORE__URL
	// log.level info from default
}
