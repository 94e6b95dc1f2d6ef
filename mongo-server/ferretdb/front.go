package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
)

// FerretDB reads what an update or deletion matches, and writes later, by _id: two of them at once can both match what only one may
// change. MongoDB is atomic there. The front passes messages on as they are, and writes one at a time.
type front struct {
	server string
	write  sync.Mutex
}

// A larger message is none of MongoDB's.
const maxMessage = 48_000_000

func (f *front) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go f.connection(client)
	}
}

// connection passes requests to the server and replies to the client. Each request has a reply: the driver waits for it.
func (f *front) connection(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", f.server)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := message(client)
		if err != nil {
			return
		}
		reply, err := f.ask(server, request)
		if err != nil {
			return
		}
		if _, err = client.Write(reply); err != nil {
			return
		}
	}
}

func (f *front) ask(server net.Conn, request []byte) ([]byte, error) {
	if isWrite(request) {
		f.write.Lock()
		defer f.write.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	return message(server)
}

// message reads one message: its length comes first, and counts itself.
func message(from io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length < 16 || length > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", length)
	}
	whole := make([]byte, length)
	copy(whole, head[:])
	_, err := io.ReadFull(from, whole[4:])
	return whole, err
}

// isWrite tells by a command's name, its first field, which follows the header (16 bytes), the flags (4), the kind of the section (1), the
// length of the document (4) and the type of the field (1).
func isWrite(request []byte) bool {
	const name = 26
	if len(request) < name {
		return false
	}
	for _, command := range []string{"insert\x00", "update\x00", "delete\x00"} {
		if bytes.HasPrefix(request[name:], []byte(command)) {
			return true
		}
	}
	return false
}
