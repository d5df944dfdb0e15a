package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// C2SP tlog-cosignature, Ed25519, by its text: the note package knows only the signature type of logs.
const cosignatureType = 4

type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func keyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), append([]byte{cosignatureType}, key...)...))
	return binary.BigEndian.Uint32(sum[:])
}

func witnessKey(name string, key ed25519.PublicKey) string {
	encoded := base64.StdEncoding.EncodeToString(append([]byte{cosignatureType}, key...))
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, key), encoded)
}

func parseWitness(vkey string) (note.Verifier, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	id, encoded, ok := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) != 33 || key[0] != cosignatureType {
		return nil, errors.New("witness: malformed key")
	}
	made := witness{name: name, hash: keyHash(name, key[1:]), key: key[1:]}
	if fmt.Sprintf("%08x", made.hash) != id {
		return nil, errors.New("witness: key id")
	}
	return made, nil
}

func message(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (w witness) Name() string    { return w.name }
func (w witness) KeyHash() uint32 { return w.hash }
func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(w.key, message(binary.BigEndian.Uint64(signature), text), signature[8:])
}

type cosigner struct {
	witness
	time    uint64
	private ed25519.PrivateKey
}

func (c cosigner) Sign(text []byte) ([]byte, error) {
	stamp := binary.BigEndian.AppendUint64(nil, c.time)
	return append(stamp, ed25519.Sign(c.private, message(c.time, text))...), nil
}
