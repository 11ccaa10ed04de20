// Reads each URL as Go programs do and prints a line of JSON: the client, the URL, the encoding of the answer, and what it decoded to.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/klauspost/compress/zstd"
)

func main() {
	for _, url := range os.Args[1:] {
		read("net/http", url, "")
		read("klauspost", url, "zstd")
		read("klauspost", url, "zstd, gzip")
	}
}

func read(client, url, accept string) {
	request, err := http.NewRequest("GET", url, nil)
	check(err)
	if accept != "" {
		request.Header.Set("Accept-Encoding", accept)
	}
	response, err := http.DefaultClient.Do(request)
	check(err)
	body, err := io.ReadAll(response.Body)
	check(err)
	encoding := response.Header.Get("Content-Encoding")
	switch encoding {
	case "zstd":
		decoder, err := zstd.NewReader(nil)
		check(err)
		body, err = decoder.DecodeAll(body, nil)
		check(err)
	case "gzip":
		reader, err := gzip.NewReader(bytes.NewReader(body))
		check(err)
		body, err = io.ReadAll(reader)
		check(err)
	}
	line, err := json.Marshal(map[string]any{
		"client": client + " " + accept, "url": url, "status": response.StatusCode, "encoding": encoding,
		"sha256": fmt.Sprintf("%x", sha256.Sum256(body)), "bytes": len(body),
	})
	check(err)
	fmt.Println(string(line))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
