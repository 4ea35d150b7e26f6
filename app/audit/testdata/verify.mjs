// A second verifier of audit bundles, written after docs/audit.md alone and sharing nothing with the first one.
// node verify.mjs UNPACKED-BUNDLE[,CHECKPOINT-FILE] … prints {"events": n, "pruned": n} or {"problem": {"seq": n}} for each.
import { createHash, createPublicKey, verify as check } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
const leafOf = (bytes) => sha(Buffer.from([0]), bytes);
const nodeOf = (a, b) => sha(Buffer.from([1]), a, b);
const same = (a, b) => a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;

class Broken extends Error { constructor(seq) { super(`event ${seq}`); this.seq = seq; } }

const read = (folder, name) => existsSync(`${folder}/${name}`) ? readFileSync(`${folder}/${name}`, "utf8") : "";
const rows = (text) => text.split("\n").filter((l) => l !== "");

function readKeys(text, origin) {
  const keys = [];
  for (const line of rows(text)) {
    const [name, id, ...rest] = line.split("+");
    const raw = Buffer.from(rest.join("+"), "base64");
    if (name !== origin || raw.length !== 33 || raw[0] !== 1 || sha(Buffer.from(name + "\n"), raw).toString("hex", 0, 4) !== id) continue;
    keys.push({ id, key: createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.subarray(1).toString("base64url") }, format: "jwk" }) });
  }
  return keys;
}

function readNote(text, keys, origin) { // null: not one that a known key signed
  const [body, signatures] = text.split("\n\n");
  const match = /^(\S+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)$/.exec(body);
  if (!match || match[1] !== origin || !signatures) return null;
  const by = [];
  for (const line of signatures.trimEnd().split("\n")) {
    const [dash, name, encoded, more] = line.split(" ");
    const raw = Buffer.from(encoded ?? "", "base64");
    if (dash !== "—" || more !== undefined || raw.length < 5 || raw.toString("base64") !== encoded) return null;
    const known = keys.find((k) => name === origin && k.id === raw.toString("hex", 0, 4));
    if (!known) continue;
    if (!check(null, Buffer.from(body + "\n"), known.key, raw.subarray(4))) return null;
    by.push(known.id);
  }
  return by.length > 0 ? { size: Number(match[2]), root: Buffer.from(match[3], "base64"), by } : null;
}

const readProofs = (text) => new Map(text.trim().split("\n\n").map((block) => {
  const [head, ...hashes] = block.split("\n");
  return [head, hashes.map((h) => Buffer.from(h, "base64"))];
}));

const below = (n) => 2 ** (Math.ceil(Math.log2(n)) - 1); // largest power of two smaller than n

// Both proofs are followed from the top as RFC 6962 defines them, taking hashes from the end of the proof.
function inclusion(proof, size, seq, leaf) {
  if (size === 1) return proof.length === 0 ? leaf : undefined;
  const k = below(size), other = proof.at(-1), rest = proof.slice(0, -1);
  if (!other) return undefined;
  const inner = seq < k ? inclusion(rest, k, seq, leaf) : inclusion(rest, size - k, seq - k, leaf);
  return inner && (seq < k ? nodeOf(inner, other) : nodeOf(other, inner));
}

function consistency(proof, from, to, old, whole) { // the two roots that the proof gives, or undefined
  if (from === to && whole) return proof.length === 0 ? [old, old] : undefined;
  if (from === to) return proof.length === 1 ? [proof[0], proof[0]] : undefined;
  const k = below(to), other = proof.at(-1), rest = proof.slice(0, -1);
  if (!other) return undefined;
  const inner = from <= k ? consistency(rest, from, k, old, whole) : consistency(rest, from - k, to - k, old, false);
  if (!inner) return undefined;
  return from <= k ? [inner[0], nodeOf(inner[1], other)] : [nodeOf(other, inner[0]), nodeOf(other, inner[1])];
}

// A growing tree is the list of its complete trees, largest first.
function push(edges, hash) {
  edges.push({ hash, of: 1 });
  while (edges.at(-1).of === edges.at(-2)?.of) {
    const right = edges.pop(), left = edges.pop();
    edges.push({ hash: nodeOf(left.hash, right.hash), of: 2 * left.of });
  }
  return edges;
}
const rootOf = (edges) => edges.map((e) => e.hash).reduceRight((right, left) => nodeOf(left, right));

function verify(folder, kept) {
  const notes = read(folder, "checkpoints.txt").split(/\n\n(?!— )/);
  const origin = notes[0].split("\n")[0], log = origin.split("/").at(-1), keys = readKeys(read(folder, "keys.txt"), origin);
  const chain = readProofs(read(folder, "proofs/consistency.txt")), heads = [];
  let bad; // the first event that no good checkpoint is over
  for (const text of notes) {
    const head = readNote(text, keys, origin), before = heads.at(-1);
    const proof = before && head && chain.get(`${before.size} ${head.size}`);
    const roots = proof && consistency(proof, before.size, head.size, before.root, true);
    const good = head && head.size > (before?.size ?? 0) && (!before || (head.by.some((k) => before.by.includes(k)) && roots && same(roots[0], before.root) && same(roots[1], head.root)));
    if (!good) { bad = before?.size ?? 0; break; }
    heads.push(head);
  }
  if (heads.length === 0) throw new Broken(0);
  const size = heads.at(-1).size, old = kept && readNote(kept, keys, origin);
  if (old && old.size > size) bad = Math.min(bad ?? size, size);
  const lines = rows(read(folder, "events.jsonl")), gone = rows(read(folder, "pruned.txt")), values = rows(read(folder, "values.jsonl")).map((l) => JSON.parse(l));
  const proofs = readProofs(read(folder, "proofs/inclusion.txt")), edges = [];
  let pruned = 0, reached = 0, open = -1, last;
  const give = (why) => { throw new Broken(Math.min(why, bad ?? why)); };
  const take = (n) => { // event n, or what stands in its place
    if (gone.length > 0 && Number(gone[0].split(" ")[0]) === n) return { leaf: Buffer.from(gone.shift().split(" ")[1], "base64"), pruned: true };
    const bytes = Buffer.from(lines.shift() ?? "");
    try { return { ...JSON.parse(bytes), bytes, leaf: leafOf(bytes) }; } catch { return {}; }
  };
  const add = (leaf, confirmed, n) => {
    if (!confirmed && open < 0) open = n;
    push(edges, leaf);
    if (heads[reached].size === n + 1) {
      if (!same(heads[reached].root, rootOf(edges))) give(open >= 0 ? open : heads[reached - 1]?.size ?? 0);
      reached++, open = -1;
    }
    if (old?.size === n + 1 && !same(old.root, rootOf(edges))) give(0);
  };
  for (let n = 0; n < size; n++) {
    const e = take(n), prev = Buffer.from(e.prev ?? "", "base64url");
    if (!e.leaf || (!e.pruned && e.seq !== n)) give(n);
    if (n > 0 && !e.pruned && !same(prev, last)) { // this one or the one before was changed
      const next = n + 1 < size && take(n + 1);
      const changed = next ? !next.pruned && next.leaf && next.seq === n + 1 && !same(Buffer.from(next.prev ?? "", "base64url"), e.leaf)
        : !same(rootOf(push(push([...edges], prev), e.leaf)), heads.at(-1).root);
      give(changed ? n : n - 1);
    }
    if (n > 0) add(last, !e.pruned, n - 1);
    for (; values.length > 0 && values[0].seq <= n; values.shift()) {
      const v = values[0], want = sha(Buffer.from(v.salt, "base64url"), Buffer.from(v.value)).toString("base64url");
      if (v.seq < n || ![e.why?.[v.name], e.from?.[v.name], e.pii?.[v.name]].includes(want)) give(n);
    }
    const proof = proofs.get(`${n} ${size}`);
    if (proof && !same(inclusion(proof, size, n, e.leaf), heads.at(-1).root)) give(n);
    if (e.pruned) pruned++;
    else if (e.log !== log) give(n);
    last = e.leaf;
  }
  add(last, false, size - 1);
  if (bad === undefined && (lines.length > 0 || values.length > 0)) give(size);
  if (bad !== undefined || (kept && !old)) throw new Broken(bad ?? 0);
  return { events: size, pruned };
}

for (const argument of process.argv.slice(2)) {
  const [path, kept] = argument.split(",");
  let verdict;
  try { verdict = verify(path, kept && readFileSync(kept, "utf8")); } catch (e) {
    if (!(e instanceof Broken)) throw e;
    verdict = { problem: { seq: e.seq } };
  }
  console.log(JSON.stringify(verdict));
}
