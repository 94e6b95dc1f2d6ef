// Command ferretdb is a MongoDB server for tests: FerretDB v1, which keeps its data with SQLite in the folder given.
// It prints its URI and serves until it is stopped.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address")
	certificate := flag.String("certificate", "", "serve TLS with this certificate (PEM file)")
	key := flag.String("key", "", "the certificate's key (PEM file)")
	flag.Parse()

	listener := ferretdb.ListenerConfig{TCP: "127.0.0.1:0"}
	if *certificate != "" {
		listener = ferretdb.ListenerConfig{TLS: *address, TLSCertFile: *certificate, TLSKeyFile: *key}
	}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  listener,
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:" + flag.Arg(0) + "/",
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() { fmt.Println(uri(server, *address, *certificate != "")) }()
	_ = server.Run(context.Background())
}

// uri is where clients connect: to the server itself where it speaks TLS, else to the front.
func uri(server *ferretdb.FerretDB, address string, tls bool) string {
	own := server.MongoDBURI() // It waits until the server listens.
	if tls {
		return own
	}
	parsed, err := url.Parse(own)
	if err != nil {
		return err.Error()
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err.Error()
	}
	go (&front{server: parsed.Host}).serve(listener)
	return fmt.Sprintf("mongodb://%s/", listener.Addr())
}
