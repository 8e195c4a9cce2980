// The demo's scenes on the real server.
export default {};
