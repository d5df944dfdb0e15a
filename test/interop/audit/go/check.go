package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func checkFile(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var given vectors
	if err := json.Unmarshal(text, &given); err != nil {
		return err
	}
	if err := check(given); err != nil {
		return err
	}
	fmt.Printf("%d checkpoints, %d inclusion, %d consistency\n",
		len(given.Checkpoints), len(given.Inclusion), len(given.Consistency))
	return nil
}

func check(given vectors) error {
	log, err := note.NewVerifier(given.Log)
	if err != nil {
		return err
	}
	witness, err := parseWitness(given.Witness)
	if err != nil {
		return err
	}
	roots := map[int64]tlog.Hash{}
	for _, one := range given.Checkpoints {
		tree, err := openCheckpoint(one.Note, log, witness)
		if err != nil {
			return fmt.Errorf("checkpoint of %d: %w", one.Size, err)
		}
		if tree.N != one.Size || !bytes.Equal(tree.Hash[:], one.Root) {
			return fmt.Errorf("checkpoint of %d says another tree", one.Size)
		}
		roots[tree.N] = tree.Hash
	}
	for _, one := range given.Inclusion {
		if err := checkInclusion(one, roots, log, witness); err != nil {
			return fmt.Errorf("entry %d of %d: %w", one.Index, one.Size, err)
		}
	}
	for _, one := range given.Consistency {
		proof, err := hashes(one.Hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, one.To, roots[one.To], one.From, roots[one.From]); err != nil {
			return fmt.Errorf("from %d to %d: %w", one.From, one.To, err)
		}
	}
	return nil
}

// openCheckpoint wants both signatures: the log's by the note package, the witness's by the type above.
func openCheckpoint(text string, log, witness note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open([]byte(text), note.VerifierList(log, witness))
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != 2 {
		return tlog.Tree{}, fmt.Errorf("%d signatures", len(opened.Sigs))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != log.Name() || lines[3] != "" {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func checkInclusion(one inclusion, roots map[int64]tlog.Hash, log, witness note.Verifier) error {
	proof, err := hashes(one.Hashes)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(one.Note, log, witness)
	if err != nil {
		return err
	}
	if tree.N != one.Size || tree.Hash != roots[one.Size] {
		return errors.New("its note says another tree")
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, one.Index, tlog.RecordHash(one.Entry)); err != nil {
		return err
	}
	if want := proofFile(one); one.File != want {
		return errors.New("its .tlog-proof is another")
	}
	return nil
}

// proofFile writes C2SP tlog-proof by its text.
func proofFile(one inclusion) string {
	var file strings.Builder
	fmt.Fprintf(&file, "c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n",
		base64.StdEncoding.EncodeToString(one.Entry), one.Index)
	for _, hash := range one.Hashes {
		fmt.Fprintln(&file, base64.StdEncoding.EncodeToString(hash))
	}
	fmt.Fprintf(&file, "\n%s", one.Note)
	return file.String()
}

func hashes(given [][]byte) ([]tlog.Hash, error) {
	made := make([]tlog.Hash, len(given))
	for i, one := range given {
		if len(one) != tlog.HashSize {
			return nil, errors.New("a hash of another length")
		}
		copy(made[i][:], one)
	}
	return made, nil
}
