(* The theorems that the rest exists for; proofs/compile.sh prints what each of them assumes and compares it with the axioms that
   are allowed. A comment "theorem: name" marks one. *)
From Pep Require Export Space Classes Rate Listed Integers Quadratic NumberField Spaces Huber.

(* theorem: interpolation_inequality -- functions of the class F_{mu,L} satisfy the interpolation inequality *)
(* theorem: two_convex_functions     -- the class of the certificate format is the class of the theorems *)
(* theorem: check_sound              -- an accepted certificate proves its rate *)
(* theorem: rate_with_minimiser *)
(* theorem: rate_with_infimum *)
(* theorem: listed_sound             -- the same for listed hypotheses *)
(* theorem: integers_real *)
(* theorem: quadratic_real *)
(* theorem: number_field_real *)
(* theorem: root_in_interval         -- number fields: the root exists *)
(* theorem: huber_lower_bound        -- a Huber function attains 1/(2 (1 + 2 sum h)), for every number of steps *)
