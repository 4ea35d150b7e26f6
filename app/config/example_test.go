package config_test

import (
	"fmt"

	"github.com/omniposto/omniposto/app/config"
)

func ExampleLoad() {
	_, err := config.Load(config.Sources{
		Environ: []string{"OMNIPOSTO_MAIL__ULR=smtp://mail.example.org", "OMNIPOSTO_LOG__LEVEL=wran"},
	})
	fmt.Println(err)
	// Output:
	// environment OMNIPOSTO_LOG__LEVEL: log.level must be debug, info, warn or error; did you mean warn?
	// environment OMNIPOSTO_MAIL__ULR: is not a key; did you mean OMNIPOSTO_MAIL__URL?
}

func ExampleShow() {
	c, err := config.Load(config.Sources{Environ: []string{"OMNIPOSTO_MAIL__URL=smtp://omniposto:secret@mail.example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range config.Show(c) {
		if line.Key == "mail.url" || line.Key == "log.level" {
			fmt.Println(line.Key, line.Value, "from", line.From)
		}
	}
	// Output:
	// mail.url smtp://omniposto:***@mail.example.org from environment OMNIPOSTO_MAIL__URL
	// log.level info from default
}
