package main

import (
	"fmt"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

type doctorCmd struct {
	subject `embed:""`
}

func (doctorCmd) Help() string {
	return `Looks at the URL and at how the server is set up, and prints a line for each thing: ok or warn, what was looked at,
and what is the case; for a warn also what follows from it and what to do. It changes nothing.

Exit status: 0 if all is well, 1 if there are warnings, 2 if the server cannot be reached. With --json each line is an
object with the members check, ok and text.

Example:

    larder doctor 'redis://localhost/0?key_prefix=shop&timeout=500ms'`
}

// Run is called by kong.
func (cmd doctorCmd) Run(a *app) error {
	if err := cmd.chosen(a); err != nil {
		return err
	}
	url, _, err := a.url()
	if err != nil {
		return err
	}
	u, err := driver.ParseURL(url)
	if err != nil {
		return err
	}
	d := &doctor{app: a, fine: true}
	d.tell(a.lookAtURL(u)...)
	if err := a.useExisting(func(c *client) error { return d.examine(c, u) }); err != nil {
		return err
	}
	return no(d.fine)
}

// doctor prints what was looked at.
type doctor struct {
	*app
	fine bool
}

// tell prints a line for each advice.
func (d *doctor) tell(all ...larder.Advice) {
	for _, advice := range all {
		word := "ok"
		if !advice.Fine {
			word, d.fine = "warn", false
		}
		text := oneLine(maskPasswords(advice.Text))
		if d.JSON {
			fmt.Fprintf(d.out, "%s\n", object("check", advice.Subject, "ok", advice.Fine, "text", text))
			continue
		}
		fmt.Fprintf(d.out, "%-4s  %-15s  %s\n", word, advice.Subject, text)
	}
}

// examine looks at an engine that answers.
func (d *doctor) examine(c *client, u *driver.URL) error {
	server, err := c.Ping(d.ctx)
	if err != nil {
		return err
	}
	d.tell(healthy("connection", fmt.Sprintf("%s %s answers within %v", server.Engine, server.Version, server.RoundTrip.Round(time.Microsecond))))
	advice, err := c.Advise(d.ctx)
	if err != nil {
		return err
	}
	d.tell(advice...)
	neighbours, err := d.lookForOthers(c, u)
	d.tell(neighbours...)
	return err
}

func healthy(subject, text string) larder.Advice {
	return larder.Advice{Subject: subject, Fine: true, Text: text}
}

func ailing(subject, text string) larder.Advice {
	return larder.Advice{Subject: subject, Text: text}
}
