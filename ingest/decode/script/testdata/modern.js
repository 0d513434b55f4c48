"use strict";

const FIELDS = new Map([
  [0x10, { name: "peopleIn", size: 2, read: (view, at) => view.getUint16(at) }],
  [0x11, { name: "peopleOut", size: 2, read: (view, at) => view.getUint16(at) }],
  [0x20, { name: "temperature", size: 4, read: (view, at) => Math.round(view.getFloat32(at) * 100) / 100 }],
  [0x30, { name: "since", size: 4, read: (view, at) => new Date(view.getUint32(at) * 1000) }],
]);

class Frame {
  #view;
  #at = 0;

  constructor(bytes) {
    this.#view = new DataView(Uint8Array.from(bytes).buffer);
  }

  *fields() {
    while (this.#at < this.#view.byteLength) {
      const tag = this.#view.getUint8(this.#at++);
      const field = FIELDS.get(tag);
      if (!field) throw new UnknownTag(tag);
      yield [field.name, field.read(this.#view, this.#at)];
      this.#at += field.size;
    }
  }
}

class UnknownTag extends Error {
  constructor(tag) {
    super(`unknown tag 0x${tag.toString(16).padStart(2, "0")}`);
    this.name = "UnknownTag";
  }
}

const decodeUplink = ({ bytes, fPort, recvTime, variables = {} }) => {
  if (fPort !== 2) return { errors: [`unknown port ${fPort}`] };
  try {
    const data = { ...Object.fromEntries(new Frame(bytes).fields()), place: variables.place ?? null };
    const warnings = data.since && recvTime - data.since > 3_600_000 ? ["old"] : [];
    return { data: { ...data, old: warnings.length > 0 }, warnings };
  } catch (error) {
    if (error instanceof UnknownTag) return { errors: [error.message], data: null };
    throw error;
  }
};

if (typeof module === "object") module.exports = { decodeUplink };
