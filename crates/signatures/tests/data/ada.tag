object 24124d20ed590a79eacb959320befd9193ca00df
type commit
tag v1
tagger Test <t@example.com> 1704844800 +0000

release
one
-----BEGIN PGP SIGNATURE-----

iIYEABYIAC4WIQTsH3rAonpS5kZQEW/axQ0fPsR4jwUCZZ3eABAcYWRhQGV4YW1w
bGUuY29tAAoJENrFDR8+xHiPNzUBAPPugbraplj7ktRACiv3UVzbNKQ8pPirpZCl
QcJDuoyMAQCOfzoCrlaZX0M/2tjOG87DZo5IqIAHc7abcT4duYpvAw==
=+xDK
-----END PGP SIGNATURE-----
