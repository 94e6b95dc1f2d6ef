// Command ferretdb is a MongoDB server for tests: FerretDB v1, which keeps its data with SQLite in the folder given.
// It prints its URI and serves until it is stopped.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	address := flag.String("listen", "127.0.0.1:0", "address")
	certificate := flag.String("certificate", "", "serve TLS with this certificate (PEM file)")
	key := flag.String("key", "", "the certificate's key (PEM file)")
	flag.Parse()

	listener := ferretdb.ListenerConfig{TCP: *address}
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
	go func() { fmt.Println(server.MongoDBURI()) }() // It waits until the server listens.
	_ = server.Run(context.Background())
}
