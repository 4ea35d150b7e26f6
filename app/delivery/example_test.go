package delivery_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/omniposto/omniposto/app/delivery"
)

// A delivery whose answer was lost is uncertain: it can't be edited or sent again until somebody has looked.
func ExampleStep() {
	now := delivery.At(time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC))
	d := delivery.Delivery{State: delivery.Sending, Round: 1, Settle: 2 * time.Minute}
	d, _ = delivery.Step(d, delivery.Unsure, delivery.Arg{Now: now, By: d.Held()})
	fmt.Println(d.State, "looked at", d.WakeAt.Time().Format(time.TimeOnly))
	_, err := delivery.Step(d, delivery.Edit, delivery.Arg{Now: now})
	fmt.Println(errors.Is(err, delivery.ErrIllegal))
	// Output:
	// uncertain looked at 08:02:00
	// true
}

// One channel failed: that is what the post says, whatever the others do.
func ExampleStatusOf() {
	fmt.Println(delivery.StatusOf([]delivery.Delivery{{State: delivery.Published}, {State: delivery.Failed}, {State: delivery.Scheduled}}))
	fmt.Println(delivery.StatusOf(nil))
	// Output:
	// failed
	// draft
}
