package main

// What is exchanged. Bytes are base64 (RFC 4648 4), as encoding/json writes them.

type inclusion struct {
	Index  int64    `json:"index"`
	Size   int64    `json:"size"`
	Entry  []byte   `json:"entry"`
	Hashes [][]byte `json:"hashes"`
	// Note of the tree of Size, and the whole as a C2SP .tlog-proof file.
	Note string `json:"note"`
	File string `json:"file"`
}

type consistency struct {
	From   int64    `json:"from"`
	To     int64    `json:"to"`
	Hashes [][]byte `json:"hashes"`
}

type checkpoint struct {
	Size int64  `json:"size"`
	Root []byte `json:"root"`
	Note string `json:"note"`
}

type vectors struct {
	// C2SP vkeys of the log and of one witness.
	Log         string        `json:"log"`
	Witness     string        `json:"witness"`
	Leaves      [][]byte      `json:"leaves"`
	Checkpoints []checkpoint  `json:"checkpoints"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}
