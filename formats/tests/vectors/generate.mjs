// Computes unixfs.json, golden vectors of UnixFS and CAR, with software of others: nothing of ours has a part in them.
// Run by scripts/unixfs-vectors, which installs the packages; README.md here tells what the fields are.
import { createHash } from 'node:crypto'
import { CarWriter } from '@ipld/car'
import * as dagPb from '@ipld/dag-pb'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced, trickle } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'

const PROFILE = 'unixfs-v1-2025'
const MIB = 1 << 20

/** Where the importer puts blocks: it asks for none, and what is in a great file is not needed. */
class Blocks {
  blocks = new Map()
  bytes = 0
  constructor (keep) { this.keep = keep }
  async put (cid, bytes) {
    const key = cid.toString()
    if (!this.blocks.has(key)) this.bytes += bytes.length
    this.blocks.set(key, this.keep ? Buffer.from(bytes).toString('hex') : '')
    return cid
  }
  async has (cid) { return this.blocks.has(cid.toString()) }
}

/** The bytes of every file: byte `i` is the highest of `i * 2654435761`, 32 bits wide. */
function * content (size, step = MIB) {
  for (let at = 0; at < size; at += step) {
    const bytes = new Uint8Array(Math.min(step, size - at))
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(at + i, 2654435761) >>> 24
    yield bytes
  }
}

async function last (source, blocks, options) {
  let root
  for await (const entry of importer(source, blocks, options)) root = entry
  return { cid: root.cid.toString(), dag_size: Number(root.size) }
}

/** A file. Without `chunk` and `width` those of the profile. */
async function file (size, chunk, width, { keep = false, ...options } = {}) {
  const small = chunk === undefined
    ? {}
    : { chunker: fixedSize({ chunkSize: chunk }), layout: balanced({ maxChildrenPerNode: width }) }
  const blocks = new Blocks(keep)
  const source = [{ path: 'file', content: size === 0 ? [new Uint8Array()] : content(size) }]
  const root = await last(source, blocks, { profile: PROFILE, ...small, ...options })
  const read = keep ? { blocks: Object.fromEntries(blocks.blocks) } : { blocks: blocks.blocks.size }
  return { size, ...(chunk === undefined ? {} : { chunk, width }), ...root, unique_bytes: blocks.bytes, ...read }
}

/** Names with a number, filled with zeros to a length in bytes; what is in such a file is the number. */
function * numbered ({ prefix, count, length }) {
  for (let i = 0; i < count; i++) {
    const digits = length === undefined ? `${i}` : `${i}`.padStart(length - Buffer.byteLength(prefix), '0')
    yield [prefix + digits, `${i}`]
  }
}

/** A directory of entries: numbered names, `[path, text]`, `[path, null]` for an empty directory, or `{ link }`. */
async function directory (about, { numbers = [], entries = [], keep = false }) {
  const source = []
  for (const some of numbers) {
    for (const [path, text] of numbered(some)) source.push({ path, content: [Buffer.from(text)] })
  }
  for (const [path, what] of entries) {
    if (what === null) source.push({ path })
    else if (typeof what === 'object') source.push({ path, link: what.link })
    else source.push({ path, content: [Buffer.from(what)] })
  }
  const blocks = new Blocks(keep)
  const root = source.length === 0
    ? await last([{ path: 'empty' }], blocks, { profile: PROFILE })
    : await last(source, blocks, { profile: PROFILE, wrapWithDirectory: true })
  const read = keep ? { blocks: Object.fromEntries(blocks.blocks) } : { blocks: blocks.blocks.size }
  return { about, numbers, entries, ...root, unique_bytes: blocks.bytes, ...read }
}

/** A few sizes before, at and after each boundary of chunks and levels. */
function around (chunk, width, levels) {
  const sizes = new Set([0, 1])
  for (let level = 0, span = chunk; level <= levels; level++, span *= width) {
    for (const at of [span, 2 * span, span + chunk]) for (const by of [-1, 0, 1]) sizes.add(at + by)
  }
  return [...sizes].sort((a, b) => a - b)
}

const files = []
for (const size of around(MIB, 1024, 0)) files.push(await file(size))
for (const size of [5 * MIB + 12345, 1024 * MIB - 1, 1024 * MIB, 1024 * MIB + 1]) files.push(await file(size))
for (const [chunk, width, levels] of [[1, 2, 6], [7, 3, 4], [64, 2, 7], [256, 4, 4], [256, 174, 1], [1024, 16, 2], [256, 1024, 1]]) {
  for (const size of around(chunk, width, levels)) files.push(await file(size, chunk, width))
}

// A link with a name of n bytes takes 2 + 38 + 2 + n + 2 bytes, one more when it is longer than 127; the node around them 4.
const full = { prefix: 'n', count: 1807, length: 100 }
const unicode = ['ü', 'ä ö', '文件', '🦀', 'e\u0301', 'é', 'Ω', 'a b', '-', '...', '\u200d', '\\', '%2F', 'CON', '名'.repeat(80)]
const directories = [
  await directory('empty', {}),
  await directory('one entry', { entries: [['a', 'a']] }),
  await directory('a chain', { entries: [['a/b/c/d', 'deep']] }),
  await directory('order is by bytes', { entries: ['b', 'a', 'B', 'a.b', 'a-b', 'ab', 'aa'].map(name => [name, name]) }),
  await directory('nested', {
    entries: [
      ['readme', 'x'], ['empty', null], ['src/lib', 'lib'], ['src/a/b/c', ''], ['src/a/d', 'd'], ['latest', { link: 'src/a' }]
    ]
  }),
  await directory('names that are not ASCII', { entries: unicode.map(name => [name, name]) }),
  await directory('ten', { numbers: [{ prefix: 'f', count: 10 }] }),
  await directory('a thousand', { numbers: [{ prefix: 'file-', count: 1000 }] }),
  await directory('a byte under the threshold', { numbers: [full, { prefix: 'm', count: 1, length: 80 }] }),
  await directory('at the threshold', { numbers: [full, { prefix: 'm', count: 1, length: 81 }] }),
  await directory('a byte over the threshold: sharded', { numbers: [full, { prefix: 'm', count: 1, length: 82 }] }),
  await directory('six thousand: sharded', { numbers: [{ prefix: 'file-', count: 6000 }] }),
  await directory('sharded, with names that are not ASCII', { numbers: [{ prefix: '文件-', count: 6000 }] }),
  await directory('a sharded directory beside others in one', {
    numbers: [{ prefix: 'large/', count: 7000, length: 20 }], entries: [['small/a', 'a'], ['top', 'top']]
  })
]

// Others' choices, which are read and not written, with their blocks.
const V0 = { profile: 'unixfs-v0-2015', keep: true }
const foreign = [
  { about: 'CIDv0, dag-pb leaves', ...await file(0, 256, 4, V0) },
  { about: 'CIDv0, dag-pb leaves', ...await file(100, 256, 4, V0) },
  { about: 'CIDv0, dag-pb leaves', ...await file(256 * 17 + 3, 256, 4, V0) },
  { about: 'CIDv0, leaves of type raw', ...await file(256 * 5, 256, 4, { ...V0, leafType: 'raw' }) },
  { about: 'CIDv1, dag-pb leaves', ...await file(256 * 9, 256, 4, { keep: true, rawLeaves: false }) },
  { about: 'trickle', ...await file(256 * 60 + 1, 256, 4, { keep: true, layout: trickle({ maxChildrenPerNode: 4 }) }) },
  {
    about: 'data before links',
    // The profile would set the order back.
    ...await file(256 * 9, 256, 4, { keep: true, profile: undefined, cidVersion: 1, rawLeaves: true, fieldOrder: 'data-first' })
  },
  { about: '256 KiB and 174 links, root alone', ...await (async () => {
    const { blocks, ...rest } = await file(2 * MIB + 5, 256 * 1024, 174, { ...V0, rawLeaves: true })
    return { ...rest, blocks: { [rest.cid]: blocks[rest.cid] } }
  })() }
]

/** An archive of a file, its blocks in the order of a walk. */
async function archive (size, chunk, width) {
  const { cid, blocks } = await file(size, chunk, width, { keep: true })
  const { writer, out } = CarWriter.create([CID.parse(cid)])
  const parts = []
  const collected = (async () => { for await (const part of out) parts.push(part) })()
  const written = new Set()
  const walk = async cid => {
    if (written.has(cid.toString())) return
    written.add(cid.toString())
    const bytes = Buffer.from(blocks[cid.toString()], 'hex')
    await writer.put({ cid, bytes })
    if (cid.code === dagPb.code) for (const link of dagPb.decode(bytes).Links) await walk(link.Hash)
  }
  await walk(CID.parse(cid))
  await writer.close()
  await collected
  return { size, chunk, width, cid, car: Buffer.concat(parts).toString('hex') }
}
const archives = [await archive(0, 256, 4), await archive(256, 256, 4), await archive(256 * 17 + 3, 256, 4)]

const out = {
  about: 'Golden vectors of UnixFS by foreign software: formats/tests/vectors/README.md',
  profile: PROFILE,
  software: JSON.parse(process.env.SOFTWARE),
  check: createHash('sha256').update([...content(1000)][0]).digest('hex'),
  files,
  directories,
  foreign,
  archives
}
const lists = new Set(['files', 'directories', 'foreign', 'archives'])
const parts = Object.entries(out).map(([key, value]) => lists.has(key)
  ? `  ${JSON.stringify(key)}: [\n${value.map(one => '    ' + JSON.stringify(one)).join(',\n')}\n  ]`
  : `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`)
process.stdout.write(`{\n${parts.join(',\n')}\n}\n`)
