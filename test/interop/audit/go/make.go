package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	origin      = "vectors.example/audit/log"
	witnessName = "station/station_vectors"
	leafCount   = 600
	timestamp   = 1_790_000_000
)

var sizes = []int64{1, 2, 3, 7, 8, 255, 256, 257, 300, 512, 513, 600}

// The keys of these vectors are made of fixed bytes and are nobody's.
func seed(of string) []byte {
	sum := sha256.Sum256([]byte("countersign vectors: " + of))
	return sum[:]
}

func makeVectors() (vectors, error) {
	signerKey, vkey, err := note.GenerateKey(bytes.NewReader(seed("log")), origin)
	if err != nil {
		return vectors{}, err
	}
	log, err := note.NewSigner(signerKey)
	if err != nil {
		return vectors{}, err
	}
	private := ed25519.NewKeyFromSeed(seed("witness"))
	public := private.Public().(ed25519.PublicKey)
	cosign := cosigner{witness{witnessName, keyHash(witnessName, public), public}, timestamp, private}
	made := vectors{Log: vkey, Witness: witnessKey(witnessName, public)}

	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, errors.New("not stored")
			}
			found[i] = stored[index]
		}
		return found, nil
	})
	notes := map[int64]string{}
	for at := int64(0); at < leafCount; at++ {
		leaf := []byte(fmt.Sprintf(`{"entry":%d}`, at))
		added, err := tlog.StoredHashes(at, leaf, read)
		if err != nil {
			return vectors{}, err
		}
		stored = append(stored, added...)
		made.Leaves = append(made.Leaves, leaf)
	}
	for _, size := range sizes {
		root, err := tlog.TreeHash(size, read)
		if err != nil {
			return vectors{}, err
		}
		text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
		signed, err := note.Sign(&note.Note{Text: text}, log, cosign)
		if err != nil {
			return vectors{}, err
		}
		notes[size] = string(signed)
		made.Checkpoints = append(made.Checkpoints, checkpoint{Size: size, Root: root[:], Note: string(signed)})
	}
	for _, size := range sizes {
		for _, index := range []int64{0, size / 2, size - 1} {
			proof, err := tlog.ProveRecord(size, index, read)
			if err != nil {
				return vectors{}, err
			}
			one := inclusion{Index: index, Size: size, Entry: made.Leaves[index], Hashes: raw(proof), Note: notes[size]}
			one.File = proofFile(one)
			made.Inclusion = append(made.Inclusion, one)
		}
		for _, from := range sizes {
			if from > size {
				continue
			}
			proof, err := tlog.ProveTree(size, from, read)
			if err != nil {
				return vectors{}, err
			}
			made.Consistency = append(made.Consistency, consistency{From: from, To: size, Hashes: raw(proof)})
		}
	}
	return made, check(made)
}

func raw(proof []tlog.Hash) [][]byte {
	made := make([][]byte, len(proof))
	for i, hash := range proof {
		made[i] = hash[:]
	}
	return made
}
