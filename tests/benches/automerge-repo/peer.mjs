// automerge-repo's peers, beside those of ../side_by_side: a repository over its file system storage, as a server or as a
// device. Asked one line of words at a time, each answered with one line of JSON.
//
//   node peer.mjs server DATA IDS            listen, load, edit FROM COUNT ROUND, end
//   node peer.mjs device DATA IDS ADDRESS    load, edit FROM COUNT ROUND, sync, cut, end; gather DEVICES, fan EDITS

import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import * as Automerge from "@automerge/automerge"
import { Repo } from "@automerge/automerge-repo"
import { WebSocketClientAdapter, WebSocketServerAdapter } from "@automerge/automerge-repo-network-websocket"
import { NodeFSStorageAdapter } from "@automerge/automerge-repo-storage-nodefs"
import { WebSocketServer } from "ws"

// The packages tell of what goes wrong on standard output, which is for answers here; and at length.
console.log = what => console.error(`automerge-repo: ${what}`)

// A device that loads thousands of documents answers no ping for many seconds; by default the server would cut its link.
const KEEP_ALIVE_MS = 120_000

const [role, data, idsFile, address] = process.argv.slice(2)
const ids = readFileSync(idsFile, "utf8").split("\n").filter(Boolean)

const findAll = repo => Promise.all(ids.map(id => repo.find(id)))

// Writes the register that Fieldbook's edit writes, as the scalar it is there.
function write(handle, round) {
  handle.change(doc => {
    const customer = Object.keys(doc.records).find(id => id.startsWith("CUST"))
    doc.records[customer].preference = new Automerge.ImmutableString(`第${round}轮，每周一次电话回访`)
  })
}

function edit(handles, from, count, round) {
  const edited = handles.slice(from, from + count)
  if (edited.length !== count) throw new Error(`${edited.length} of ${count} documents to edit`)
  for (const handle of edited) write(handle, round)
}

const sameHeads = (a, b) => a && b && a.length === b.length && [...a].sort().join() === [...b].sort().join()

class Device {
  // Opens the repository and, unless it is new, loads every document: those that are not loaded are not exchanged.
  static async load(data) {
    const device = new Device()
    const isNew = !existsSync(data)
    device.repo = new Repo({ storage: new NodeFSStorageAdapter(data), network: [] })
    device.handles = isNew ? [] : await findAll(device.repo)
    return device
  }

  // Connects, and waits until both sides are known to hold the same of every document. The repository loads each document's
  // earlier exchanges with this server from its storage by itself.
  async sync() {
    const open = new Set(ids)
    const handles = new Map(this.handles.map(handle => [handle.documentId, handle]))
    const done = new Promise(resolve => {
      this.watched = ({ documentId, syncState }) => {
        const handle = handles.get(documentId) ?? this.repo.handles[documentId]
        // What a message changed is in the handle once this turn is over.
        queueMicrotask(() => {
          if (!handle.isReady()) return
          const heads = Automerge.getHeads(handle.doc())
          if (heads.length > 0 && sameHeads(syncState.theirHeads, heads) && sameHeads(syncState.sharedHeads, heads)) {
            open.delete(documentId)
            if (open.size === 0) resolve()
          }
        })
      }
    })
    this.repo.synchronizer.on("sync-state", this.watched)
    this.adapter = new WebSocketClientAdapter(`ws://${address}`)
    this.repo.networkSubsystem.addNetworkAdapter(this.adapter)
    if (this.handles.length === 0) {
      await new Promise(resolve => this.repo.networkSubsystem.once("peer", resolve))
      this.handles = await findAll(this.repo)
    }
    await done
    this.repo.synchronizer.off("sync-state", this.watched)
  }

  // Cuts the link; the documents stay in memory.
  cut() {
    this.repo.networkSubsystem.removeNetworkAdapter(this.adapter)
  }
}

// Many devices, each a repository with files of its own and every document loaded, and one that writes.
class Crowd {
  static async gather(devices) {
    const open = async name => {
      const device = await Device.load(join(data, name))
      await device.sync()
      return device
    }
    const crowd = new Crowd()
    crowd.following = []
    for (let number = 0; number < devices; number++) crowd.following.push(await open(`device-${number}`))
    crowd.author = await open("author")
    return crowd
  }

  // Makes so many edits, one after the other. Answers the milliseconds from an edit to each device's word of it, which comes
  // before it is on the disk.
  async edit(edits) {
    const took_ms = []
    for (let number = 0; number < edits; number++) {
      let start
      const arriving = this.following.map(
        ({ handles }) =>
          new Promise(resolve => handles[number].once("change", () => resolve(performance.now() - start))),
      )
      start = performance.now()
      write(this.author.handles[number], number)
      took_ms.push(...(await Promise.all(arriving)))
    }
    return { took_ms }
  }
}

let answer
if (role === "server") {
  const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0 })
  await new Promise(resolve => sockets.once("listening", resolve))
  const repo = new Repo({ storage: new NodeFSStorageAdapter(data), network: [new WebSocketServerAdapter(sockets, KEEP_ALIVE_MS)] })
  let handles = []
  answer = {
    listen: () => ({ address: `127.0.0.1:${sockets.address().port}` }),
    load: async () => void (handles = await findAll(repo)),
    edit: (from, count, round) => edit(handles, Number(from), Number(count), round),
    end: () => repo.flush(),
  }
} else {
  let device, crowd
  answer = {
    load: async () => void (device = await Device.load(data)),
    edit: (from, count, round) => edit(device.handles, Number(from), Number(count), round),
    sync: () => device.sync(),
    cut: () => device.cut(),
    gather: async devices => void (crowd = await Crowd.gather(Number(devices))),
    fan: edits => crowd.edit(Number(edits)),
    end: () => device?.repo.flush(),
  }
}

// VmHWM counts from the last `forget`.
answer.forget = () => writeFileSync("/proc/self/clear_refs", "5")
answer.peak = () => ({})
const cpuMs = () => Math.round((process.cpuUsage().user + process.cpuUsage().system) / 1000)
const peakKib = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1])

for await (const line of createInterface({ input: process.stdin })) {
  const [question, ...words] = line.split(" ")
  const start = performance.now()
  let reply
  try {
    reply = (await answer[question](...words)) ?? {}
  } catch (error) {
    reply = { failed: String(error) }
  }
  const ms = performance.now() - start
  process.stdout.write(JSON.stringify({ ...reply, ms, peak_kib: peakKib(), cpu_ms: cpuMs() }) + "\n")
  if (question === "end") break
}
process.exit(0)
