package main

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/larder-go/larder/driver"
)

// The passwords of a URL, wherever it stands in a text: //user:password@host, and password=… as a parameter. Where a
// malformed one ends nobody knows: all up to the last @ is masked.
var (
	userPassword  = regexp.MustCompile(`(?s)(//(?:[^/\s:@]*:)?).*@`)
	paramPassword = regexp.MustCompile(`(password=)[^&\s"]*`)
)

func maskPasswords(text string) string {
	text = userPassword.ReplaceAllString(text, "${1}"+driver.Mask+"@")
	return paramPassword.ReplaceAllString(text, "${1}"+driver.Mask)
}

// secretsIn masks the arguments that look like URLs with a password, whole and the halves that a = makes of them. An
// argument that is taken for something else is echoed, and what is malformed hides its password from maskPasswords.
func secretsIn(args []string) *strings.Replacer {
	var pairs []string
	for _, arg := range args {
		if !strings.Contains(arg, "@") && !strings.Contains(arg, "password=") {
			continue
		}
		name, value, _ := strings.Cut(arg, "=")
		for _, part := range []string{arg, value, name} {
			if strings.Contains(part, "://") {
				quoted := strconv.Quote(part)
				pairs = append(pairs, part, driver.Mask, quoted[1:len(quoted)-1], driver.Mask)
			}
		}
	}
	return strings.NewReplacer(pairs...)
}
