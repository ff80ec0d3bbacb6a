// WebGL2 in short: programs, buffers of instances, and numbers in two parts.

export function program(gl, { vertex, fragment }) {
  const made = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS) && !gl.isContextLost()) {
      throw new Error(gl.getShaderInfoLog(shader));
    }
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(gl.getProgramInfoLog(made));
  const uniforms = {};
  const count = gl.getProgramParameter(made, gl.ACTIVE_UNIFORMS) ?? 0;
  for (let i = 0; i < count; i += 1) {
    const name = gl.getActiveUniform(made, i).name.replace('[0]', '');
    uniforms[name] = gl.getUniformLocation(made, name);
  }
  return { program: made, uniforms };
}

/** Instances of a small mesh: `corners` floats a vertex, then attributes a copy in one interleaved buffer. */
export class Instances {
  constructor(gl, corners, cornerSize, sizes) {
    this.gl = gl;
    this.vertices = corners.length / cornerSize;
    this.stride = sizes.reduce((sum, size) => sum + size, 0);
    this.array = gl.createVertexArray();
    this.buffer = gl.createBuffer();
    this.corners = gl.createBuffer();
    this.capacity = 0;
    this.count = 0;
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.corners);
    gl.bufferData(gl.ARRAY_BUFFER, corners, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, cornerSize, gl.FLOAT, false, 0, 0);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    let offset = 0;
    sizes.forEach((size, place) => {
      gl.enableVertexAttribArray(place + 1);
      gl.vertexAttribPointer(place + 1, size, gl.FLOAT, false, this.stride * 4, offset * 4);
      gl.vertexAttribDivisor(place + 1, 1);
      offset += size;
    });
    gl.bindVertexArray(null);
  }

  /** Replaces all copies. */
  fill(data, count) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const used = data.subarray(0, count * this.stride);
    if (count > this.capacity) {
      gl.bufferData(gl.ARRAY_BUFFER, used, gl.DYNAMIC_DRAW);
      this.capacity = count;
    } else if (count) gl.bufferSubData(gl.ARRAY_BUFFER, 0, used);
    this.count = count;
  }

  /** Replaces some floats from a copy on. */
  change(copy, data) {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, copy * this.stride * 4, data);
  }

  draw() {
    if (!this.count) return;
    const { gl } = this;
    gl.bindVertexArray(this.array);
    gl.drawArraysInstanced(gl.TRIANGLES, 0, this.vertices, this.count);
  }

  free() {
    this.gl.deleteVertexArray(this.array);
    this.gl.deleteBuffer(this.buffer);
    this.gl.deleteBuffer(this.corners);
  }
}

/** Writes a number as a float32 and what it leaves over. */
export function split(target, at, values) {
  for (let i = 0; i < 3; i += 1) {
    const high = Math.fround(values[i]);
    target[at + i] = high;
    target[at + 3 + i] = values[i] - high;
  }
}

export const square = new Float32Array([0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 1]);
/** Along 0…1, across −1…1. */
export const strip = new Float32Array([0, -1, 1, -1, 0, 1, 0, 1, 1, -1, 1, 1]);

/** The front, two sides, top and bottom of a slab: x, y, depth, face. */
export const slab = new Float32Array([
  [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0],
  [0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1],
  [1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1],
  [0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1],
  [0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1],
].flatMap((points, face) => Array.from({ length: 6 }, (_, i) => [...points.slice(i * 3, i * 3 + 3), face]).flat()));
