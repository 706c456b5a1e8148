// What pods of these tests run.

package suite

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// runProgram is what pods run: this test's own program, so that the tests need nothing of the machine.
//
//	serve      answers every path with its pod's name, on $ADDRESS
//	get URL    prints the answer, whoever gives it
func runProgram(args []string) bool {
	var err error
	switch args[0] {
	case "serve":
		name, _ := os.Hostname()
		err = http.ListenAndServe(os.Getenv("ADDRESS"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "%s %s", name, r.URL.Path)
		}))
	case "get":
		err = get(args[1])
	default:
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func get(url string) error {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
