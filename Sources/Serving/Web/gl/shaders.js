// The programs that draw a scene. Positions come in two parts, so that a cell stays sharp in a model a million cells tall.

const place = `
uniform mat4 uMatrix; uniform vec3 uEyeHigh; uniform vec3 uEyeLow;
vec4 placed(vec3 high, vec3 low, vec3 shift) {
  vec3 p = (high - uEyeHigh) + (low - uEyeLow) + shift;
  return uMatrix * vec4(p.x, -p.y, p.z, 1.0);
}`;

/* The light of a pass: 1 on what is made now, less on what was made before it. */
const light = `
uniform float uOrder, uGlow;
float lit(float order) {
  float since = uOrder - order;
  return uGlow > 0.0 && since >= 0.0 ? pow(max(1.0 - since / uGlow, 0.0), 1.5) : 0.0;
}`;

const colours = `
uniform vec3 uNegative, uZero, uPositive, uShare, uGround, uLine, uAccent;
uniform vec3 uRoles[5];
/* 0 is hidden or not there; 1…255 is −range…range. */
vec3 valued(float byte, bool isShare) {
  float v = clamp((byte * 255.0 - 128.0) / 127.0, -1.0, 1.0);
  if (isShare) return mix(uZero, uShare, sqrt(max(v, 0.0)));
  float strength = pow(abs(v), 0.8);
  return mix(uZero, v < 0.0 ? uNegative : uPositive, strength);
}`;

export const slabs = {
  vertex: `#version 300 es
precision highp float;
layout(location=0) in vec4 aCorner;   /* 0…1 in each direction, and the face */
layout(location=1) in vec3 aHigh; layout(location=2) in vec3 aLow; layout(location=3) in vec3 aSize;
layout(location=4) in vec4 aKind;     /* role, order, copies of a bank, 1 where values are shares */
layout(location=5) in vec4 aPicture;  /* place and size in the atlas, in texels; no size: no values */
layout(location=6) in float aFocus;
${place}
out vec2 vCell; out vec2 vPlace; flat out vec2 vSize; flat out vec4 vKind; flat out vec4 vPicture; flat out float vFace; flat out float vFocus;
void main() {
  vec3 shift = vec3(aCorner.x * aSize.x, aCorner.y * aSize.y, -aCorner.z * aSize.z);
  gl_Position = placed(aHigh, aLow, shift);
  vFace = aCorner.w; vKind = aKind; vPicture = aPicture; vFocus = aFocus;
  vCell = vFace < 0.5 ? aCorner.xy * aSize.xy : vFace < 2.5 ? vec2(aCorner.z * aSize.z, aCorner.y * aSize.y) : vec2(aCorner.x * aSize.x, aCorner.z * aSize.z);
  vSize = vFace < 0.5 ? aSize.xy : vFace < 2.5 ? aSize.zy : aSize.xz;
  vPlace = aCorner.xy;
}`,
  fragment: `#version 300 es
precision highp float;
in vec2 vCell; in vec2 vPlace; flat in vec2 vSize; flat in vec4 vKind; flat in vec4 vPicture; flat in float vFace; flat in float vFocus;
uniform sampler2D uAtlas; uniform float uAtlasSize;
${light}
${colours}
out vec4 color;
void main() {
  vec3 role = uRoles[int(vKind.x + 0.5)];
  bool isWeight = vKind.x < 0.5;
  bool isLater = uGlow == 0.0 && !isWeight && vKind.y > uOrder;
  vec2 pixel = fwidth(vCell);
  float edge = min(min(vCell.x, vSize.x - vCell.x) / max(pixel.x, 1e-9), min(vCell.y, vSize.y - vCell.y) / max(pixel.y, 1e-9));
  vec3 base;
  if (vFace < 0.5) {
    if (vPicture.z > 0.0) {
      vec2 inside = clamp(vPlace * vPicture.zw, vec2(0.5), vPicture.zw - 0.5);
      vec2 spot = (vPicture.xy + inside) / uAtlasSize;
      float lod = clamp(log2(max(length(dFdx(vPlace * vPicture.zw)), length(dFdy(vPlace * vPicture.zw)))), 0.0, 3.0);
      float byte = textureLod(uAtlas, spot, lod).r;
      base = byte < 0.002 ? mix(uGround, uZero, 0.35) : mix(valued(byte, vKind.w > 0.5), role, isWeight ? 0.08 : 0.03);
    } else base = mix(uZero, role, 0.16);
    if (isLater) base = mix(uGround, base, 0.22);
  } else {
    base = mix(uGround, role, vFace < 2.5 ? 0.34 : 0.46);
    if (vKind.z > 1.5) {
      float depth = vFace < 2.5 ? vCell.x / vSize.x : vCell.y / vSize.y;
      float comb = fract(depth * vKind.z);
      float fine = clamp(0.35 / max(fwidth(depth * vKind.z), 1e-6), 0.0, 1.0);
      base = mix(base, uGround, (comb < 0.4 ? 0.55 : 0.0) * fine);
    }
    if (isLater) base = mix(uGround, base, 0.3);
  }
  float small = clamp(min(vSize.x / max(pixel.x, 1e-9), vSize.y / max(pixel.y, 1e-9)) / 6.0, 0.0, 1.0);
  float line = (1.0 - smoothstep(0.6, 1.6, edge)) * small;
  base = mix(base, mix(uGround, role, isLater ? 0.45 : 0.85), line * 0.8);
  if (vFocus > 0.0) {
    float ring = 1.0 - smoothstep(2.0, 3.2, edge);
    base = mix(base, uAccent, max(ring * 0.95, vFace < 0.5 ? 0.0 : 0.5) * vFocus);
  }
  base = mix(base, uAccent, lit(vKind.y) * (vFace < 0.5 ? 0.62 : 0.8));
  color = vec4(base, 1.0);
}`,
};

export const tiles = {
  vertex: `#version 300 es
precision highp float;
layout(location=0) in vec2 aCorner;
layout(location=1) in vec3 aHigh; layout(location=2) in vec3 aLow; layout(location=3) in vec2 aSize;
layout(location=4) in vec4 aPart;  /* texels across and down, layer, cells a texel */
layout(location=5) in vec2 aKind;  /* 1 where values are shares, 1 where the value comes later */
${place}
out vec2 vTexel; out vec2 vCell; flat out vec4 vPart; flat out vec2 vKind;
void main() {
  gl_Position = placed(aHigh, aLow, vec3(aCorner * aSize, 0.0));
  gl_Position.z -= 2e-6 * gl_Position.w;
  vTexel = aCorner * aSize / aPart.w; vCell = aCorner * aSize; vPart = aPart; vKind = aKind;
}`,
  fragment: `#version 300 es
precision highp float; precision highp sampler2DArray;
in vec2 vTexel; in vec2 vCell; flat in vec4 vPart; flat in vec2 vKind;
uniform sampler2DArray uTiles; uniform float uTileSize;
${colours}
out vec4 color;
void main() {
  vec2 spot = min(floor(vTexel), vPart.xy - 1.0);
  float byte = texelFetch(uTiles, ivec3(spot, int(vPart.z + 0.5)), 0).r;
  vec3 base = byte == 0.0 ? mix(uGround, uZero, 0.35) : valued(byte, vKind.x > 0.5);
  vec2 pixel = fwidth(vTexel);
  float size = 1.0 / max(max(pixel.x, pixel.y), 1e-9);
  vec2 inside = abs(fract(vTexel + 0.5) - 0.5) / max(pixel, vec2(1e-9));
  float grid = (1.0 - smoothstep(0.3, 1.3, min(inside.x, inside.y))) * smoothstep(7.0, 16.0, size) * step(vPart.w, 1.5);
  base = mix(base, uGround, grid * 0.55);
  if (vKind.y > 0.5) base = mix(uGround, base, 0.22);
  color = vec4(base, 1.0);
}`,
};

export const wires = {
  vertex: `#version 300 es
precision highp float;
layout(location=0) in vec2 aCorner;  /* along, across */
layout(location=1) in vec3 aHigh; layout(location=2) in vec3 aLow; layout(location=3) in vec3 aWay;
layout(location=4) in vec4 aKind;    /* length before, order, width, whole length */
uniform vec2 uPixels; uniform float uRatio;
${place}
out float vAlong; flat out vec4 vKind; out float vAcross;
void main() {
  vec4 a = placed(aHigh, aLow, vec3(0.0));
  vec4 b = placed(aHigh, aLow, aWay);
  vec4 p = aCorner.x < 0.5 ? a : b;
  vec2 way = (b.xy / max(abs(b.w), 1e-6) - a.xy / max(abs(a.w), 1e-6)) * uPixels;
  vec2 across = length(way) > 1e-6 ? normalize(vec2(-way.y, way.x)) : vec2(0.0, 1.0);
  p.xy += across * aCorner.y * aKind.z * uRatio / uPixels * p.w;
  gl_Position = p;
  vAlong = aKind.x + aCorner.x * length(aWay); vAcross = aCorner.y; vKind = aKind;
}`,
  fragment: `#version 300 es
precision highp float;
in float vAlong; in float vAcross; flat in vec4 vKind;
uniform float uPhase, uActive;
${light}
${colours}
out vec4 color;
void main() {
  bool isNow = uActive > 0.5 && vKind.y == uOrder;
  float glow = lit(vKind.y);
  float alpha = mix(uGlow == 0.0 && vKind.y > uOrder ? 0.16 : 0.5, 1.0, glow);
  vec3 base = mix(mix(uLine, uRoles[1], 0.25), uAccent, glow);
  if (isNow) {
    float pulse = fract(vAlong / max(vKind.w, 1e-6) * 3.0 - uPhase);
    base = uAccent; alpha = 0.55 + 0.45 * smoothstep(0.55, 1.0, pulse);
  }
  color = vec4(base * alpha, alpha);
}`,
};

export const marks = {
  vertex: `#version 300 es
precision highp float;
layout(location=0) in vec2 aCorner;
layout(location=1) in vec3 aHigh; layout(location=2) in vec3 aLow; layout(location=3) in vec2 aSize; layout(location=4) in vec2 aKind;
${place}
out vec2 vCell; flat out vec2 vSize; flat out vec2 vKind;
void main() {
  gl_Position = placed(aHigh, aLow, vec3(aCorner * aSize, 0.0));
  gl_Position.z -= 4e-6 * gl_Position.w;
  vCell = aCorner * aSize; vSize = aSize; vKind = aKind;
}`,
  fragment: `#version 300 es
precision highp float;
in vec2 vCell; flat in vec2 vSize; flat in vec2 vKind;
${colours}
out vec4 color;
void main() {
  vec2 pixel = max(fwidth(vCell), vec2(1e-9));
  float edge = min(min(vCell.x, vSize.x - vCell.x) / pixel.x, min(vCell.y, vSize.y - vCell.y) / pixel.y);
  float alpha = max((1.0 - smoothstep(1.2, 2.2, edge)) * vKind.x, vKind.y);
  color = vec4(uAccent * alpha, alpha);
}`,
};
