// Starts a stream, prints where the encoder publishes and what viewers play, and stops it on Enter.
package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

var apiURL, secret = os.Getenv("API_URL"), []byte(os.Getenv("HMAC_SECRET"))

type Stream struct {
	State      string `json:"state"`
	Reason     string `json:"reason"`
	SrtURL     string `json:"srt_url"`
	StreamLink string `json:"stream_link"`
}

// call makes one signed call. The body of an error is a problem document.
func call(method, path string, content any) (stream Stream) {
	var body []byte
	if content != nil {
		body, _ = json.Marshal(content)
	}
	now := time.Now()
	t := fmt.Sprintf("%d.%09d", now.Unix(), now.Nanosecond()) // a signature is good for one request
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s.%s", t, method, path, body)
	request, err := http.NewRequest(method, apiURL+path, bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("LT-SIGNATURE", fmt.Sprintf("t=%s,v1=%x", t, mac.Sum(nil)))
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		log.Fatal(response.Status, err, string(answer))
	}
	if err := json.Unmarshal(answer, &stream); err != nil {
		log.Fatal(err)
	}
	return stream
}

// waitFor answers with a field of the stream, as soon as the stream has it.
func waitFor(path string, field func(Stream) string) string {
	for {
		stream := call("GET", path, nil)
		if value := field(stream); value != "" {
			return value
		}
		if stream.State == "STOPPED" {
			log.Fatal("stopped: ", stream.Reason)
		}
		time.Sleep(time.Second)
	}
}

func main() {
	id := "show-1"
	if set := os.Getenv("STREAM_ID"); set != "" {
		id = set
	}
	webhooks := []string{}
	if url := os.Getenv("WEBHOOK_URL"); url != "" {
		webhooks = append(webhooks, url)
	}
	path := "/v1/streams/" + id
	call("POST", "/v1/streams", map[string]any{"stream_id": id, "webhook_urls": webhooks})
	fmt.Println("Encoder:", waitFor(path, func(s Stream) string { return s.SrtURL }))
	fmt.Println("Viewers:", waitFor(path, func(s Stream) string { return s.StreamLink }))
	fmt.Println("Enter stops the stream")
	bufio.NewReader(os.Stdin).ReadString('\n')
	call("DELETE", path, nil)
}
