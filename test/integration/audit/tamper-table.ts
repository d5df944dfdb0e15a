import {
  CHECKPOINTS,
  CUT,
  ERASED,
  HEAD,
  N,
  OPENING,
  copyOf,
  dropUnique,
  editBody,
  entry,
  flip,
  flipColumn,
  forge,
  forgeFor,
  insert,
  keyRow,
  put,
  rehead,
  reheadWhole,
  remove,
  renumber,
  rowOf,
  run,
  set,
  setWord,
  stranger,
  swap,
  withKey,
} from './tamper-ground.ts'
import type { Case, Row, Sql } from './tamper-ground.ts'
import { CHAIN } from '../../unit/server/audit/chain-bench.ts'

/** Each column of an entry, changed. */
export const COLUMNS: readonly Case[] = [
  ['bytes: one bit', flipColumn('bytes', 40), 'altered', N],
  ['bytes: last bit', flipColumn('bytes', -1), 'altered', N],
  ['bytes: none', set('bytes', Buffer.alloc(0)), 'altered', N],
  ['bytes: another operator', editBody('operator-1', 'operator-2'), 'altered', N],
  ['bytes: another time', editBody('"at":1', '"at":2'), 'altered', N],
  ['bytes: another action', editBody('Insertion', 'Deletion'), 'altered', N],
  ['bytes: not canonical', editBody('{"action"', '{ "action"'), 'altered', N],
  ['bytes: another sequence', editBody(`"sequence":${N}`, '"sequence":3'), 'altered', N],
  ['bytes: another chain', editBody(`"chain":"${CHAIN}"`, '"chain":"node-9"'), 'altered', N],
  ['bytes: of its neighbour', (db) => set('bytes', entry(db, N + 1)['bytes'])(db), 'altered', N],
  ['bytes: as text', (db) => set('bytes', String(entry(db, N)['bytes']))(db), 'altered', N],
  ['signature: one bit', flipColumn('signature', 3), 'altered', N],
  ['signature: removed', set('signature', Buffer.alloc(0)), 'unsealed', N],
  ['signature: of its neighbour', (db) => set('signature', entry(db, N + 1)['signature'])(db), 'altered', N],
  ['signature: of the entry before', (db) => set('signature', entry(db, N - 1)['signature'])(db), 'altered', N],
  ['previous signature: one bit', flipColumn('previous_signature', 3), 'altered', N],
  ['previous signature: none', set('previous_signature', Buffer.alloc(0)), 'altered', N],
  ['signature: as text', set('signature', 'text'), 'altered', N],
  ['chain', set('chain', 'another'), 'deleted', N],
  ['at', set('at', 1), 'altered', N],
  ['object_id', set('object_id', 'another'), 'altered', N],
  ['correlation_id', set('correlation_id', 'another'), 'altered', N],
  ['intent_id', set('intent_id', 'another'), 'altered', N],
  ...(
    ['key_id', 'tenant', 'office', 'operator_id', 'operator_role', 'station', 'action', 'object_type'] as const
  ).flatMap((column): Case[] => [
    [`${column}: another word`, setWord(column, 'another'), 'altered', N],
    [`${column}: a number of no word`, set(column, 99_999), 'altered', N],
  ]),
  ['division: another word', setWord('division', 'another'), 'altered', N],
  ['office: none', set('office', null), 'altered', N],
  ['station: none', set('station', null), 'altered', N],
  ['a word: another text', run("update word set text = 'another' where text = 'holder'"), 'altered', 2],
]

export const PAYLOADS: readonly Case[] = [
  ['payload: one bit', flipColumn('bytes', 9, N, 'payload'), 'payload-mismatch', N],
  ['payload: one bit of salt', flipColumn('salt', 0, N, 'payload'), 'payload-mismatch', N],
  ['payload: shorter salt', set('salt', Buffer.alloc(15), N, 'payload'), 'payload-mismatch', N],
  ['payload: as text', set('bytes', '{}', N, 'payload'), 'payload-mismatch', N],
  ['payload: salt as text', set('salt', '0123456789abcdef', N, 'payload'), 'payload-mismatch', N],
  ['payload: deleted', run(`delete from payload where sequence = ${N}`), 'payload-mismatch', N],
  ['payload: emptied', set('bytes', null, N, 'payload'), 'payload-mismatch', N],
  ['payload: of its neighbour', swap(N, N + 1, ['payload']), 'payload-mismatch', N],
  ['payload: of another chain', set('chain', 'another', N, 'payload'), 'payload-mismatch', N],
  ['payload: marked erased but there', set('erased_rule', 'none', N, 'payload'), 'payload-mismatch', N],
  [
    'payload: a second one',
    (db) => {
      dropUnique(db)
      const row = db.prepare('select * from payload where sequence = ?').get(N + 1) as Row
      insert(db, 'payload', { ...row, sequence: N })
    },
    'payload-mismatch',
    N,
  ],
  [
    'payload: erased with no tombstone',
    run(`update payload set bytes = null, erased_at = 1, erased_by = 'x', erased_rule = 'y' where sequence = ${N}`),
    'payload-mismatch',
    N,
  ],
  ['payload: erased, but by nobody', set('erased_by', null, ERASED[1], 'payload'), 'payload-mismatch', ERASED[1]],
  [
    'payload: erased, put back otherwise',
    set('bytes', Buffer.from('{}'), ERASED[1], 'payload'),
    'payload-mismatch',
    ERASED[1],
  ],
  ['payload: of no entry', stray('payload', HEAD + 5), 'inserted', HEAD + 5],
  ['payload: before the first entry', stray('payload', -4), 'inserted', -4],
]

function stray(table: string, sequence: number) {
  return (db: Sql): void => {
    dropUnique(db)
    const row = db.prepare(`select * from ${table} where sequence = ?`).get(N) as Row
    insert(db, table, { ...row, sequence })
  }
}

export const STRUCTURE: readonly Case[] = [
  ['one entry deleted', remove(`sequence = ${N}`), 'deleted', N],
  ['three entries deleted', remove(`sequence between ${N} and ${N + 2}`), 'deleted', N],
  [
    'one deleted and the rest renumbered',
    (db) => {
      dropUnique(db)
      remove(`sequence = ${N}`)(db)
      renumber(N + 1, -1)(db)
    },
    'deleted',
    N,
  ],
  ['the first entry deleted', remove('sequence = 0'), 'deleted', 0],
  ['the first half deleted', remove('sequence < 1000'), 'deleted', 0],
  ['an announcement deleted', remove(`sequence = ${OPENING}`), 'deleted', OPENING],
  ['duplicated in place', copyOf(N, N), 'inserted', N],
  ['duplicated further on', copyOf(N, 1400), 'inserted', 1400],
  ['duplicated further up', copyOf(1400, N), 'inserted', N],
  ['duplicated past the end', copyOf(N, HEAD + 1), 'inserted', HEAD + 1],
  ['duplicated before the start', stray('entry', -3), 'inserted', -3],
  ['swapped with its neighbour', swap(N, N + 1, ['entry', 'payload']), 'reordered', N],
  ['moved to the end', swap(N, HEAD + 1, ['entry', 'payload']), 'reordered', N],
  ['swapped across an epoch', swap(N, 1200, ['entry', 'payload']), 'reordered', N],
  ['tail cut by 1', remove(`sequence > ${HEAD - 1}`), 'truncated', HEAD],
  ['tail cut by 10', remove(`sequence > ${HEAD - 10}`), 'truncated', HEAD - 9],
  ['tail cut by half', remove('sequence >= 1000'), 'truncated', 1000],
  ['everything deleted', remove('1 = 1'), 'truncated', 0],
  [
    'tail cut by half, the head and its tree set back',
    (db) => {
      remove('sequence >= 1000')(db)
      reheadWhole(db)
    },
    'truncated',
    1000,
  ],
  ['head: signature', run("update chain set head_signature = x'00'"), 'altered', HEAD],
  ['head: sequence before the end', run(`update chain set head_sequence = ${HEAD - 4}`), 'stale-head', HEAD - 3],
  ['head: sequence past the end', run(`update chain set head_sequence = ${HEAD + 7}`), 'truncated', HEAD + 1],
  ['head: tree edge', run("update chain set frontier = x'00'"), 'altered', HEAD],
  ['the chain row deleted', run('delete from chain'), 'altered', HEAD],
  [
    "inserted between, signed with a stranger's key",
    async (db) => {
      dropUnique(db)
      const link = await forge(db, N - 1, stranger)
      renumber(N, 1)(db)
      put(db, link)
    },
    'inserted',
    N,
  ],
  [
    'inserted in place, with a forged signature',
    async (db) => {
      dropUnique(db)
      const link = await forge(db, N, stranger)
      insert(db, 'entry', { ...rowOf(db, link), sequence: N })
    },
    'inserted',
    N,
  ],
  [
    'inserted at the end, with a forged signature',
    async (db) => put(db, await forgeFor(db, HEAD)),
    'inserted',
    HEAD + 1,
  ],
  [
    'replaced by one signed with a key nobody knows',
    async (db) => {
      const link = await forge(db, N - 1, stranger)
      remove(`sequence = ${N}`)(db)
      put(db, link)
    },
    'unknown-key',
    N,
  ],
  [
    'appended, signed with a key nobody knows',
    async (db) => {
      put(db, await forge(db, HEAD, stranger))
      rehead(db)
    },
    'unknown-key',
    HEAD + 1,
  ],
]

const otherKey = Buffer.from(stranger.publicKeySpki())
export const KEYS: readonly Case[] = [
  ['key: another public key', withKey('spki', () => otherKey), 'altered', OPENING],
  ['key: epoch said to be of the key store', withKey('kind', () => 'hsm'), 'altered', OPENING],
  ['key: another algorithm', withKey('algorithm', () => 'rsa-2048'), 'altered', OPENING],
  ['key: another label', withKey('label', () => 'x'), 'altered', OPENING],
  ['key: a certificate added', withKey('certificate', () => Buffer.from('x')), 'altered', OPENING],
  ['key: another time', withKey('created_at', () => 5), 'altered', OPENING],
  ['key: another endorser', withKey('endorsed_by', () => 'x'), 'altered', OPENING],
  ['key: one bit of the endorsement', withKey('endorsement', (row) => flip(row['endorsement'], 5)), 'altered', OPENING],
  ['key: one bit of the statement', withKey('statement', (row) => flip(row['statement'], 20)), 'altered', OPENING],
  ['key: another name', withKey('key_id', () => 'x'), 'unknown-key', OPENING],
  ['key: of another chain', withKey('chain', () => 'another'), 'unknown-key', OPENING],
  [
    'key: deleted',
    (db) => void db.prepare('delete from audit_key where key_id = ?').run(keyRow(db, 'epoch')['key_id']),
    'unknown-key',
    OPENING,
  ],
  [
    'key: the root deleted',
    (db) => void db.prepare('delete from audit_key where key_id = ?').run(keyRow(db, 'hsm')['key_id']),
    'unknown-key',
    0,
  ],
  [
    'key: two swapped',
    (db) => {
      dropUnique(db)
      const [left, right] = [keyRow(db, 'epoch')['key_id'], keyRow(db, 'hsm')['key_id']]
      const rename = db.prepare('update audit_key set key_id = ? where key_id = ?')
      rename.run('x', left)
      rename.run(left, right)
      rename.run(right, 'x')
    },
    'wrong-key',
    0,
  ],
  [
    'key: a second row of one',
    (db) => {
      dropUnique(db)
      insert(db, 'audit_key', keyRow(db, 'epoch'))
    },
    'inserted',
    HEAD,
  ],
  [
    'key: one added that nobody announced',
    (db) => insert(db, 'audit_key', { ...keyRow(db, 'epoch'), key_id: 'another' }),
    'inserted',
    HEAD,
  ],
]

const [FIRST, SECOND, THIRD, LAST] = CHECKPOINTS
const ofSecond = (db: Sql): Row => db.prepare('select * from checkpoint where size = ?').get(SECOND) as Row
export const CHECKPOINT_ROWS: readonly Case[] = [
  ['checkpoint: one bit of the root', flipColumn('root', 4, SECOND, 'checkpoint', 'size'), 'altered', SECOND],
  [
    'checkpoint: root of its neighbour',
    (db) => {
      const row = db.prepare('select root from checkpoint where size = ?').get(FIRST) as Row
      set('root', row['root'], SECOND, 'checkpoint', 'size')(db)
    },
    'altered',
    SECOND,
  ],
  ['checkpoint: another size', set('size', SECOND - 3, SECOND, 'checkpoint', 'size'), 'altered', SECOND - 3],
  ['checkpoint: one letter of the note', flipColumn('note', 70, SECOND, 'checkpoint', 'size'), 'altered', SECOND],
  ['checkpoint: last letter of the note', flipColumn('note', -3, SECOND, 'checkpoint', 'size'), 'altered', SECOND],
  ['checkpoint: no note', set('note', '', SECOND, 'checkpoint', 'size'), 'altered', SECOND],
  [
    'checkpoint: note of its neighbour',
    (db) => {
      const row = db.prepare('select note from checkpoint where size = ?').get(FIRST) as Row
      set('note', row['note'], SECOND, 'checkpoint', 'size')(db)
    },
    'altered',
    SECOND,
  ],
  ['checkpoint: two swapped', swap(FIRST, SECOND, ['checkpoint'], 'size'), 'altered', FIRST],
  ['checkpoint: moved past the end', set('size', HEAD + 90, SECOND, 'checkpoint', 'size'), 'deleted', SECOND],
  ['checkpoint: the last moved past the end', set('size', HEAD + 90, LAST, 'checkpoint', 'size'), 'altered', HEAD + 90],
  ['checkpoint: the first deleted', run(`delete from checkpoint where size = ${FIRST}`), 'deleted', FIRST],
  ['checkpoint: one in the middle deleted', run(`delete from checkpoint where size = ${SECOND}`), 'deleted', SECOND],
  [
    'checkpoint: two in the middle deleted',
    run(`delete from checkpoint where size in (${SECOND}, ${THIRD})`),
    'deleted',
    THIRD,
  ],
  ['checkpoint: all but the last deleted', run(`delete from checkpoint where size < ${LAST}`), 'deleted', THIRD],
  ['checkpoint: one bit of the link', flipColumn('link', 9, SECOND, 'checkpoint', 'size'), 'altered', SECOND],
  [
    'checkpoint: link of its neighbour',
    (db) => {
      const row = db.prepare('select link from checkpoint where size = ?').get(FIRST) as Row
      set('link', row['link'], SECOND, 'checkpoint', 'size')(db)
    },
    'altered',
    SECOND,
  ],
  ['checkpoint: no link', set('link', null, SECOND, 'checkpoint', 'size'), 'altered', SECOND],
  [
    'checkpoint: linked past a deleted one',
    (db) => {
      run(`delete from checkpoint where size = ${SECOND}`)(db)
      set('previous_size', FIRST, THIRD, 'checkpoint', 'size')(db)
    },
    'altered',
    THIRD,
  ],
  [
    'checkpoint: one deleted, every link taken away',
    (db) => {
      run(`delete from checkpoint where size = ${SECOND}`)(db)
      run('update checkpoint set link = null, previous_size = null')(db)
    },
    'altered',
    FIRST,
  ],
  [
    'checkpoint: a copy of another size',
    (db) => {
      dropUnique(db)
      insert(db, 'checkpoint', { ...ofSecond(db), size: 1000 })
    },
    'altered',
    1000,
  ],
  [
    'checkpoint: doubled',
    (db) => {
      dropUnique(db)
      insert(db, 'checkpoint', ofSecond(db))
    },
    'inserted',
    SECOND,
  ],
  ['note key: another public key', run(`update note_key set public_key = zeroblob(32)`), 'unknown-key', FIRST],
  [
    'note key: one bit of the statement',
    (db) => {
      const row = db.prepare('select statement from note_key').get() as Row
      db.prepare('update note_key set statement = ?').run(flip(row['statement'], 30))
    },
    'unknown-key',
    FIRST,
  ],
  [
    'note key: one bit of the endorsement',
    (db) => {
      const row = db.prepare('select endorsement from note_key').get() as Row
      db.prepare('update note_key set endorsement = ?').run(flip(row['endorsement'], 12))
    },
    'unknown-key',
    FIRST,
  ],
  ['note key: another endorser', run("update note_key set endorsed_by = 'x'"), 'unknown-key', FIRST],
  ['note key: deleted', run('delete from note_key'), 'unknown-key', FIRST],
]

const ofCut = (column: string, at: number) => (db: Sql) => {
  const row = db.prepare(`select ${column} as value from chain_cut`).get() as Row
  db.prepare(`update chain_cut set ${column} = ?`).run(flip(row['value'], at))
}
/** Of the chain that was cut. */
export const CUTS: readonly Case[] = [
  ['cut: the record deleted', run('delete from chain_cut'), 'deleted', 0],
  ['cut: another size', run(`update chain_cut set size = ${CUT + 1}`), 'altered', CUT + 1],
  ['cut: one bit of the statement', ofCut('statement', 60), 'altered', CUT],
  ['cut: one bit of the signature', ofCut('signature', 12), 'altered', CUT],
  ['cut: no signature', run("update chain_cut set signature = x''"), 'altered', CUT],
  ['cut: a note it was not signed with', run("update chain_cut set note = 'x'"), 'altered', CUT],
  ['cut: the next entry deleted as well', remove(`sequence = ${CUT}`), 'deleted', CUT],
  ['cut: a hundred more deleted', remove(`sequence < ${CUT + 100}`), 'deleted', CUT],
  ['cut: of another chain', run("update chain_cut set chain = 'another'"), 'deleted', 0],
  [
    'cut: a row before it',
    (db) =>
      insert(db, 'entry', { ...entry(db, CUT + 9), sequence: 7, previous_signature: Buffer.alloc(16), intent_id: 'x' }),
    'inserted',
    7,
  ],
  ['cut: a payload before it', stray('payload', 7), 'inserted', 7],
  [
    'cut: a key it keeps deleted',
    (db) => {
      const { statement } = db.prepare('select statement from chain_cut').get() as { statement: Buffer }
      const { key } = JSON.parse(statement.toString()) as { key: string }
      db.prepare('delete from audit_key where key_id = ?').run(key)
    },
    'unknown-key',
    CUT,
  ],
]
