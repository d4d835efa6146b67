// Receives webhooks on http://127.0.0.1:3000/hooks, checks that Livetran sent them, and prints them.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var secret = []byte(os.Getenv("WEBHOOK_SECRET"))
var signature = regexp.MustCompile(`^t=(\d+(?:\.\d+)?)((?:,v1=[0-9a-f]{64}){1,4})$`)

// isFromLivetran says whether a webhook is signed with our secret, over its raw bytes. Two v1: the secret is being changed.
func isFromLivetran(header, path string, rawBody []byte) bool {
	match := signature.FindStringSubmatch(header)
	if match == nil {
		return false
	}
	t, err := strconv.ParseFloat(match[1], 64)
	if err != nil || math.Abs(float64(time.Now().Unix())-t) > 300 {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.POST.%s.", match[1], path)
	mac.Write(rawBody)
	expected := mac.Sum(nil)
	for _, digest := range strings.Split(match[2], ",v1=")[1:] {
		if given, err := hex.DecodeString(digest); err == nil && hmac.Equal(given, expected) {
			return true
		}
	}
	return false
}

func receive(response http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil || !isFromLivetran(request.Header.Get("LT-SIGNATURE"), request.RequestURI, body) {
		response.WriteHeader(http.StatusBadRequest)
		return
	}
	// A delivery can be repeated: do your work once for each EventId.
	var event struct{ StreamId, EventId, Status, Reason, StreamLink string }
	if json.Unmarshal(body, &event) == nil {
		fmt.Println(event.StreamId, event.Status, event.Reason, event.StreamLink)
	}
	response.WriteHeader(http.StatusNoContent)
}

func main() {
	port := "3000"
	if set := os.Getenv("PORT"); set != "" {
		port = set
	}
	http.HandleFunc("/hooks", receive)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}
