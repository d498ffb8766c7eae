package main

import "fmt"

// subject is the argument of commands that look at a cache as a whole: its URL, for who has just been given one.
type subject struct {
	Address string `arg:"" optional:"" name:"url" type:"address" help:"The cache to look at, in place of --url."`
}

// chosen makes the argument the command's URL.
func (s subject) chosen(a *app) error {
	switch {
	case s.Address == "":
		return nil
	case a.URL != "":
		return fmt.Errorf("%s: the URL is given twice, as an argument and as --url", a.command)
	}
	a.URL = s.Address
	return nil
}
