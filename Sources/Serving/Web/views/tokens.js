// Tokens: how a text becomes pieces.
export default { id: 'tokens', title: 'Tokens', mount() { return { unmount() {} }; } };
