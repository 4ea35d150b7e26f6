package schedule_test

import (
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/schedule"
)

func ExampleNextFree() {
	berlin, _ := schedule.Zone("Europe/Berlin")
	now := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	slots := []schedule.Slot{{Weekday: 7, Time: 2*60 + 30}} // Sundays at 02:30; on 29 March the clock jumps from 02:00 to 03:00
	at, ok := schedule.NextFree(slots, func(time.Time) bool { return false }, berlin, now)
	fmt.Println(at.In(berlin), ok)
	// Output: 2026-03-29 03:00:00 +0200 CEST true
}

func ExampleResolve() {
	berlin, _ := schedule.Zone("Europe/Berlin")
	wall, _ := schedule.ParseWall("2026-10-25T02:30") // the hour that comes twice
	first, _ := schedule.Resolve(wall, berlin, schedule.First)
	second, _ := schedule.Resolve(wall, berlin, schedule.Second)
	fmt.Println(first.At, first.Twice)
	fmt.Println(second.At)
	// Output:
	// 2026-10-25 00:30:00 +0000 UTC true
	// 2026-10-25 01:30:00 +0000 UTC
}
